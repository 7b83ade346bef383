"""Drafts in a new category know what it is called

Revision: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("faq_drafts", sa.Column("category_title", json, nullable=True))


def downgrade() -> None:
    op.drop_column("faq_drafts", "category_title")
