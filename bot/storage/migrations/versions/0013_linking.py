"""One customer on several channels: link codes, joined conversations, where a message came from

Revision: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("asking", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(sa.Column("joined_id", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("at_channel", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("at_user", sa.String(length=128), nullable=True))
        batch_op.create_index(batch_op.f("ix_conversations_joined_id"), ["joined_id"])
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("user", sa.String(length=128), nullable=True))
    op.create_table(
        "channel_links",
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("good_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_channel_links_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_channel_links")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_channel_links_code_hash")),
    )
    with op.batch_alter_table("channel_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_channel_links_conversation_id"), ["conversation_id"])
        batch_op.create_index(batch_op.f("ix_channel_links_taken_by"), ["taken_by"])


def downgrade() -> None:
    op.drop_table("channel_links")
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_column("user")
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_conversations_joined_id"))
        for name in ("at_user", "at_channel", "joined_at", "joined_id", "asking"):
            batch_op.drop_column(name)
