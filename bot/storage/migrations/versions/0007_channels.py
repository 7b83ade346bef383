"""Channels: several answers that went into a platform's own requests are remembered, not one

Revision: 0007
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("channel_customers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("answers", _JSON, server_default="[]", nullable=False))
        batch_op.drop_column("answered_id")
        batch_op.drop_column("answer")


def downgrade() -> None:
    with op.batch_alter_table("channel_customers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("answer", sa.String(length=2048), nullable=True))
        batch_op.add_column(sa.Column("answered_id", sa.String(length=256), nullable=True))
        batch_op.drop_column("answers")
