"""Channels: parts of long messages, values of channels, what a platform allows to each customer

Revision: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("parts_done", sa.Integer(), server_default="0", nullable=False)
        )
    op.create_table(
        "channel_state",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=2048), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_channel_state")),
    )
    op.create_table(
        "channel_customers",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("user", sa.String(length=128), nullable=False),
        sa.Column("messages_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("messages_left", sa.Integer(), nullable=False),
        sa.Column("events_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("events_left", sa.Integer(), nullable=False),
        sa.Column(
            "offers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("answered_id", sa.String(length=256), nullable=True),
        sa.Column("answer", sa.String(length=2048), nullable=True),
        sa.PrimaryKeyConstraint("channel", "user", name=op.f("pk_channel_customers")),
    )


def downgrade() -> None:
    op.drop_table("channel_customers")
    op.drop_table("channel_state")
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_column("parts_done")
