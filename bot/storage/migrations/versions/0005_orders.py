"""Orders: when the shop last told of one, who waits for its system, levels of proof, addresses of origin

Revision: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.add_column(sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("customer_contacts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("level", sa.String(length=24), server_default="last_four", nullable=False)
        )
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("origin", sa.String(length=64), nullable=True))
    op.create_table(
        "backend_waits",
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("order_number", sa.String(length=32), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_backend_waits_conversation_id"),
        ),
        sa.PrimaryKeyConstraint("conversation_id", "order_number", name=op.f("pk_backend_waits")),
    )


def downgrade() -> None:
    op.drop_table("backend_waits")
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.drop_column("origin")
    with op.batch_alter_table("customer_contacts", schema=None) as batch_op:
        batch_op.drop_column("level")
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_column("seen_at")
