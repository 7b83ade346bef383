"""Accounts and sessions: who may sign in, and who is signed in.

Passwords are kept as argon2id hashes with the library's defaults (RFC 9106, low-memory profile).
A session is a random 256-bit token in the browser's cookie and its SHA-256 in the database, so the
server can end it at any time. It ends by itself after ``IDLE`` without a request or ``LONGEST`` in all.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from datetime import UTC, datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from bot.accounts import throttle
from bot.accounts.model import Account, Role
from bot.language import Language
from bot.storage.accounts import AccountRow, AccountSessionRow
from bot.storage.engine import Database

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
SHORTEST_PASSWORD = 10

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
_SEEN_EVERY = timedelta(minutes=5)


class AccountError(Exception):
    """The account can't be made or changed as asked; the message says why."""


class TooManyTriesError(Exception):
    """Too many wrong passwords lately for this login or from this address."""


class Accounts:
    """Makes accounts, checks passwords, keeps sessions.

    Args:
        hasher: how passwords are hashed; tests take a cheap one.
    """

    def __init__(self, database: Database, hasher: PasswordHasher | None = None) -> None:
        self._database = database
        self._hasher = hasher or PasswordHasher()
        # Verified for unknown logins, so that the time taken does not tell which logins exist.
        self._decoy = self._hasher.hash(secrets.token_urlsafe())

    async def add(
        self, login: str, name: str, role: Role, password: str, language: Language = "zh"
    ) -> Account:
        """Make an account.

        Raises:
            AccountError: for a login in use or not in form, or a password that is too short.
        """
        login = login.strip().lower()
        if not _LOGIN.fullmatch(login):
            raise AccountError(
                f"expected a login of 2 to 64 letters, digits, '.', '_' or '-', got {login!r}"
            )
        if not 1 <= len(name.strip()) <= 64:
            raise AccountError(f"expected a name of 1 to 64 characters, got {name!r}")
        if len(password) < SHORTEST_PASSWORD:
            raise AccountError(f"expected a password of at least {SHORTEST_PASSWORD} characters")
        row = AccountRow(
            login=login, name=name.strip(), role=role.value, language=language,
            password_hash=await asyncio.to_thread(self._hasher.hash, password),
            created_at=datetime.now(UTC),
        )  # fmt: skip
        try:
            async with self._database.write() as session:
                session.add(row)
        except IntegrityError as error:
            raise AccountError(f"the login {login!r} is taken: choose another") from error
        return _account(row)

    async def set_password(self, login: str, password: str) -> None:
        """Give an account another password and end all its sessions; raises ``AccountError``."""
        if len(password) < SHORTEST_PASSWORD:
            raise AccountError(f"expected a password of at least {SHORTEST_PASSWORD} characters")
        hashed = await asyncio.to_thread(self._hasher.hash, password)
        await self._change(login, password_hash=hashed)

    async def disable(self, login: str) -> None:
        """Let somebody sign in no more, from now on; raises ``AccountError``."""
        await self._change(login, disabled_at=datetime.now(UTC))

    async def everyone(self) -> list[Account]:
        """Return all accounts that may sign in, by login."""
        async with self._database.read() as session:
            rows = await session.scalars(
                select(AccountRow)
                .where(AccountRow.disabled_at.is_(None))
                .order_by(AccountRow.login)
            )
            return [_account(row) for row in rows]

    async def find(self, login: str) -> Account | None:
        """Return the account with this login if it may sign in."""
        async with self._database.read() as session:
            row = await session.get(AccountRow, login)
        return _account(row) if row is not None and row.disabled_at is None else None

    async def sign_in(self, login: str, password: str, address: str) -> str | None:
        """Return the token of a new session, or ``None`` when login and password don't fit.

        Args:
            address: of the browser, for the limit on wrong tries.

        Raises:
            TooManyTriesError: before the password is looked at.
        """
        login, now = login.strip().lower(), datetime.now(UTC)
        async with self._database.write() as session:
            if not await throttle.claim(session, login, address, now):
                raise TooManyTriesError
        async with self._database.read() as session:
            row = await session.get(AccountRow, login)
        usable = row is not None and row.disabled_at is None
        expected = row.password_hash if row is not None and usable else self._decoy
        fits = await asyncio.to_thread(self._fits, expected, password)
        if not (fits and usable):
            return None
        token = secrets.token_urlsafe(32)
        async with self._database.write() as session:
            await throttle.forgive(session, login, address, now)
            await session.execute(
                delete(AccountSessionRow).where(AccountSessionRow.seen_at < now - LONGEST)
            )
            session.add(
                AccountSessionRow(
                    token_hash=_hashed(token), login=login, created_at=now, seen_at=now
                )
            )
        return token

    async def signed_in(self, token: str | None) -> Account | None:
        """Return who holds this session token, ``None`` when it is unknown or has ended."""
        if not token:
            return None
        now = datetime.now(UTC)
        async with self._database.read() as session:
            found = await session.execute(
                select(AccountRow, AccountSessionRow)
                .join(AccountSessionRow, AccountSessionRow.login == AccountRow.login)
                .where(AccountSessionRow.token_hash == _hashed(token))
            )
            row = found.one_or_none()
        if row is None or row[0].disabled_at is not None:
            return None
        account, held = row
        if now - held.seen_at > IDLE or now - held.created_at > LONGEST:
            await self.sign_out(token)
            return None
        if now - held.seen_at > _SEEN_EVERY:
            async with self._database.write() as session:
                await session.execute(
                    update(AccountSessionRow)
                    .where(AccountSessionRow.token_hash == held.token_hash)
                    .values(seen_at=now)
                )
        return _account(account)

    async def sign_out(self, token: str) -> None:
        """End a session."""
        async with self._database.write() as session:
            await session.execute(
                delete(AccountSessionRow).where(AccountSessionRow.token_hash == _hashed(token))
            )

    async def _change(self, login: str, **columns: object) -> None:
        async with self._database.write() as session:
            row = await session.get(AccountRow, login.strip().lower())
            if row is None:
                raise AccountError(f"there is no account {login!r}; 'yingda desk users' lists them")
            for column, value in columns.items():
                setattr(row, column, value)
            await session.execute(
                delete(AccountSessionRow).where(AccountSessionRow.login == row.login)
            )

    def _fits(self, expected: str, password: str) -> bool:
        try:
            return self._hasher.verify(expected, password)
        except (VerificationError, InvalidHashError):
            return False


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _account(row: AccountRow) -> Account:
    return Account(row.login, row.name, Role(row.role), row.language)
