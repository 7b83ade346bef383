"""The desk's day: teams, assignment, snooze, marks, callbacks, surveys, other help desks

Revision: 0006
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_MOMENTS = ("assigned_at", "late_at", "snoozed_until", "told_at")


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("turns", sa.Column("anger", sa.Double(), nullable=True))
    op.add_column("handoffs", sa.Column("team", sa.String(length=32), nullable=True))
    op.add_column("handoffs", sa.Column("preferred", sa.String(length=64), nullable=True))
    op.add_column("handoffs", sa.Column("told_place", sa.Integer(), nullable=True))
    for name in _MOMENTS:
        op.add_column("handoffs", sa.Column(name, moment, nullable=True))
    op.create_table(
        "marks",
        sa.Column("message_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("comment", sa.String(length=1000), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"],
            name=op.f("fk_marks_conversation_id_conversations"),
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_marks_message_id_messages")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_marks")),
    )  # fmt: skip
    op.create_index(op.f("ix_marks_conversation_id"), "marks", ["conversation_id"])
    op.create_index(op.f("ix_marks_created_at"), "marks", ["created_at"])
    op.create_table(
        "callbacks",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("wish", sa.String(length=200), nullable=True),
        sa.Column("awaits", sa.String(length=8), nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("done_at", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"],
            name=op.f("fk_callbacks_conversation_id_conversations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
    )  # fmt: skip
    op.create_index(op.f("ix_callbacks_conversation_id"), "callbacks", ["conversation_id"])
    op.create_table(
        "surveys",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("answered_at", moment, nullable=True),
        sa.CheckConstraint("score BETWEEN 0 AND 10", name=op.f("ck_surveys_score")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"],
            name=op.f("fk_surveys_conversation_id_conversations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_surveys")),
    )  # fmt: skip
    op.create_index(op.f("ix_surveys_conversation_id"), "surveys", ["conversation_id"])
    op.create_index(op.f("ix_surveys_asked_at"), "surveys", ["asked_at"])
    op.create_table(
        "agent_settings",
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("accepting", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["login"], ["accounts.login"], ondelete="CASCADE",
            name=op.f("fk_agent_settings_login_accounts"),
        ),
        sa.PrimaryKeyConstraint("login", name=op.f("pk_agent_settings")),
    )  # fmt: skip
    op.create_table(
        "desk_switches",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_desk_switches")),
    )
    op.create_table(
        "outside_conversations",
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("remote_id", sa.Integer(), nullable=True),
        sa.Column("sent_seq", sa.Integer(), nullable=False),
        sa.Column("handoff_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"],
            name=op.f("fk_outside_conversations_conversation_id_conversations"),
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_outside_conversations")),
    )  # fmt: skip
    op.create_index(
        op.f("ix_outside_conversations_remote_id"), "outside_conversations", ["remote_id"]
    )


def downgrade() -> None:
    for table in (
        "outside_conversations", "desk_switches", "agent_settings", "surveys", "callbacks", "marks",
    ):  # fmt: skip
        op.drop_table(table)
    with op.batch_alter_table("handoffs") as batch:
        for name in (*_MOMENTS, "told_place", "preferred", "team"):
            batch.drop_column(name)
    with op.batch_alter_table("turns") as batch:
        batch.drop_column("anger")
