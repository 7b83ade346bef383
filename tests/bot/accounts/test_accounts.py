"""Accounts: argon2 hashes, sessions that the server can end, and a limit on guessing."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from bot.accounts import throttle
from bot.accounts.accounts import IDLE, AccountError, Accounts, TooManyTriesError
from bot.accounts.demo import demo_logins, seed_logins
from bot.accounts.model import Account, Right, Role
from bot.storage.accounts import AccountRow, AccountSessionRow
from bot.storage.engine import Database

PASSWORD = "a long password"


@pytest.fixture
async def accounts(database: Database) -> Accounts:
    accounts = Accounts(database, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    await accounts.add("Chen", "小陈", Role.AGENT, PASSWORD)
    return accounts


async def test_a_password_is_kept_as_an_argon2id_hash(
    accounts: Accounts, database: Database
) -> None:
    async with database.read() as session:
        row = await session.get_one(AccountRow, "chen")
    assert row.password_hash.startswith("$argon2id$")
    assert PasswordHasher().memory_cost >= 64 * 1024, "RFC 9106 asks for 64 MiB at least"
    assert PASSWORD not in row.password_hash


async def test_the_right_password_opens_a_session_and_sign_out_ends_it(accounts: Accounts) -> None:
    token = await accounts.sign_in(" CHEN ", PASSWORD, "10.0.0.1")
    assert await accounts.signed_in(token) == Account("chen", "小陈", Role.AGENT, "zh")
    assert token is not None
    await accounts.sign_out(token)
    assert await accounts.signed_in(token) is None


async def test_the_database_holds_no_token_that_opens_anything(
    accounts: Accounts, database: Database
) -> None:
    token = await accounts.sign_in("chen", PASSWORD, "10.0.0.1")
    async with database.read() as session:
        stored = (await session.scalars(select(AccountSessionRow.token_hash))).one()
    assert token is not None
    assert token not in stored
    assert await accounts.signed_in(stored) is None


@pytest.mark.parametrize(("login", "password"), [("chen", "wrong"), ("nobody", PASSWORD)])
async def test_wrong_password_and_unknown_login_look_alike(
    accounts: Accounts, login: str, password: str
) -> None:
    assert await accounts.sign_in(login, password, "10.0.0.1") is None


async def test_guessing_at_one_login_is_stopped_even_with_the_right_password(
    accounts: Accounts,
) -> None:
    for number in range(throttle.TRIES_OF_LOGIN):
        assert await accounts.sign_in("chen", "wrong", f"10.0.0.{number}") is None
    with pytest.raises(TooManyTriesError):
        await accounts.sign_in("chen", PASSWORD, "10.0.1.1")


async def test_guessing_from_one_address_is_stopped(accounts: Accounts) -> None:
    for number in range(throttle.TRIES_OF_ADDRESS):
        assert await accounts.sign_in(f"nobody{number}", "wrong", "10.0.0.1") is None
    with pytest.raises(TooManyTriesError):
        await accounts.sign_in("chen", PASSWORD, "10.0.0.1")
    assert await accounts.sign_in("chen", PASSWORD, "10.0.0.2")


async def test_right_passwords_never_lock_anybody_out(accounts: Accounts) -> None:
    for _ in range(throttle.TRIES_OF_ADDRESS + 1):
        assert await accounts.sign_in("chen", PASSWORD, "10.0.0.1")


async def test_a_session_ends_when_it_is_not_used(accounts: Accounts, database: Database) -> None:
    token = await accounts.sign_in("chen", PASSWORD, "10.0.0.1")
    long_ago = datetime.now(UTC) - IDLE - timedelta(minutes=1)
    async with database.write() as session:
        await session.execute(update(AccountSessionRow).values(seen_at=long_ago))
    assert await accounts.signed_in(token) is None


async def test_a_new_password_or_a_disabled_account_ends_open_sessions(accounts: Accounts) -> None:
    token = await accounts.sign_in("chen", PASSWORD, "10.0.0.1")
    await accounts.set_password("chen", "another long one")
    assert await accounts.signed_in(token) is None
    token = await accounts.sign_in("chen", "another long one", "10.0.0.1")
    await accounts.disable("chen")
    assert await accounts.signed_in(token) is None
    assert await accounts.sign_in("chen", "another long one", "10.0.0.1") is None


@pytest.mark.parametrize(
    ("login", "name", "password"),
    [
        ("chen", "again", PASSWORD),
        ("x", "short", PASSWORD),
        ("li", "", PASSWORD),
        ("li", "李", "short"),
    ],
)
async def test_a_bad_account_is_refused_with_a_reason(
    accounts: Accounts, login: str, name: str, password: str
) -> None:
    with pytest.raises(AccountError, match=r"expected|taken"):
        await accounts.add(login, name, Role.AGENT, password)


def test_rights_follow_roles() -> None:
    may = {role: {r for r in Right if Account("x", "x", role, "zh").may(r)} for role in Role}
    assert may[Role.AGENT] == {Right.TALK}
    assert may[Role.SUPERVISOR] == {Right.TALK, Right.DIRECT}
    assert may[Role.EDITOR] == {Right.EDIT}
    assert may[Role.REVIEWER] == {Right.EDIT, Right.PUBLISH}
    assert may[Role.ADMIN] == set(Right)


async def test_demo_log_ins_work_are_private_and_are_made_once(
    database: Database, tmp_path: Path
) -> None:
    accounts = Accounts(database)
    await seed_logins(accounts, tmp_path)
    first = demo_logins(tmp_path)
    await seed_logins(accounts, tmp_path)
    assert demo_logins(tmp_path) == first
    assert {login.role for login in first} == set(Role)
    assert await accounts.sign_in(first[0].login, first[0].password, "10.0.0.1")
    assert stat.S_IMODE((tmp_path / "demo-logins.json").stat().st_mode) == 0o600
