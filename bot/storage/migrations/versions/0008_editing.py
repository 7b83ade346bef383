"""The FAQ's editors: drafts, published changes, verdicts on questions asked in vain

Revision: 0008
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.create_table(
        "faq_drafts",
        sa.Column("record_id", sa.String(length=64), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("record", json, nullable=False),
        sa.Column("base", json, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_faq_drafts")),
    )
    op.create_table(
        "faq_changes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("publish_id", sa.String(length=32), nullable=False),
        sa.Column("record_id", sa.String(length=64), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("before", json, nullable=False),
        sa.Column("after", json, nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("publisher", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.Column("undoes", sa.String(length=32), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faq_changes")),
    )
    for column in ("publish_id", "record_id", "at"):
        op.create_index(op.f(f"ix_faq_changes_{column}"), "faq_changes", [column])
    op.create_table(
        "faq_gap_marks",
        sa.Column("message_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("record_id", sa.String(length=64), nullable=True),
        sa.Column("editor", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_faq_gap_marks_message_id_messages")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_faq_gap_marks")),
    )


def downgrade() -> None:
    for table in ("faq_gap_marks", "faq_changes", "faq_drafts"):
        op.drop_table(table)
