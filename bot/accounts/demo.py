"""Log-ins of the demo shop, with passwords of this installation's own.

Passwords that everybody knows would be a hole in every installation that keeps the demo shop, so
they are made here once and kept beside the other secrets, readable by the owner only.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.accounts.accounts import Accounts
from bot.accounts.model import Role
from bot.language import Language

_FILE = "demo-logins.json"
# No 0/o or 1/l: these are typed from a table.
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_PEOPLE: tuple[tuple[str, str, Role, Language], ...] = (
    ("xiaochen", "小陈", Role.AGENT, "zh"),
    ("grace", "Grace", Role.AGENT, "en"),
    ("zhuguan", "林主管", Role.SUPERVISOR, "zh"),
    ("bianji", "小编", Role.EDITOR, "zh"),
    ("shenhe", "审核", Role.REVIEWER, "zh"),
    ("admin", "管理员", Role.ADMIN, "zh"),
)


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """A log-in to try the pages with."""

    login: str
    password: str
    role: Role


async def seed_logins(accounts: Accounts, var: Path) -> None:
    """Make the demo log-ins unless there are accounts already."""
    if await accounts.everyone():
        return
    logins = []
    for login, name, role, language in _PEOPLE:
        password = "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))
        await accounts.add(login, name, role, password, language)
        logins.append(DemoLogin(login, password, role))
    await asyncio.to_thread(_keep, logins, var)


def _keep(logins: list[DemoLogin], var: Path) -> None:
    var.mkdir(parents=True, exist_ok=True)
    path = var / _FILE
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump([asdict(login) for login in logins], file)


def demo_logins(var: Path) -> list[DemoLogin]:
    """Return the demo log-ins as they were made; none when the file is gone."""
    try:
        entries = json.loads((var / _FILE).read_text("utf-8"))
    except FileNotFoundError:
        return []
    return [DemoLogin(e["login"], e["password"], Role(e["role"])) for e in entries]
