"""Who works here and what each role may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.language import Language


class Role(StrEnum):
    """What somebody is here for."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    EDITOR = "editor"
    REVIEWER = "reviewer"
    ADMIN = "admin"


class Right(StrEnum):
    """Something that not everybody may do."""

    TALK = "talk"  # see conversations and answer customers
    DIRECT = "direct"  # step into a colleague's conversation, hand it to another, see the figures
    EDIT = "edit"  # write drafts of what the bot knows
    PUBLISH = "publish"  # let drafts go live, and take them back
    MANAGE = "manage"  # accounts and the audit log


_RIGHTS = {
    Role.AGENT: frozenset({Right.TALK}),
    Role.SUPERVISOR: frozenset({Right.TALK, Right.DIRECT}),
    Role.EDITOR: frozenset({Right.EDIT}),
    Role.REVIEWER: frozenset({Right.EDIT, Right.PUBLISH}),
    Role.ADMIN: frozenset(Right),
}


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may sign in. ``name`` is what customers see; ``language`` is the pages'."""

    login: str
    name: str
    role: Role
    language: Language

    def may(self, right: Right) -> bool:
        """Tell whether this person may do something."""
        return right in _RIGHTS[self.role]
