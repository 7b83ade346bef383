"""One-time codes: six digits, ten minutes, three tries, five a day, and never readable at rest."""

from __future__ import annotations

import asyncio
import email
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.orders.code_senders import SmtpSender
from bot.orders.codes import Checked, CodeNotSentError, OneTimeCodes, code_in
from bot.storage.cod import OneTimeCodeRow
from bot.storage.engine import Database
from tests.bot.orders.test_cod_desk import NOON

PHONE = "+8615400003321"


class Pocket:
    """A telephone that keeps what it is sent."""

    def __init__(self) -> None:
        self.codes: list[str] = []

    async def send(self, phone: str, code: str) -> None:
        assert phone == PHONE
        self.codes.append(code)


@pytest.fixture
def pocket() -> Pocket:
    return Pocket()


@pytest.fixture
def codes(database: Database, pocket: Pocket) -> OneTimeCodes:
    return OneTimeCodes(database, pocket, "secret")


def another(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


async def test_a_right_code_counts_once(codes: OneTimeCodes, pocket: Pocket) -> None:
    assert await codes.send("SO1", PHONE, NOON)
    (code,) = pocket.codes
    assert len(code) == 6
    assert code.isdigit()
    assert await codes.check("SO1", code, NOON) is Checked.RIGHT
    assert await codes.check("SO1", code, NOON) is Checked.OVER


async def test_three_tries(codes: OneTimeCodes, pocket: Pocket) -> None:
    await codes.send("SO1", PHONE, NOON)
    wrong = another(pocket.codes[0])
    tried = [await codes.check("SO1", wrong, NOON) for _ in range(3)]
    assert tried == [Checked.WRONG, Checked.WRONG, Checked.OVER]
    assert await codes.check("SO1", pocket.codes[0], NOON) is Checked.OVER


async def test_ten_minutes(codes: OneTimeCodes, pocket: Pocket) -> None:
    await codes.send("SO1", PHONE, NOON)
    late = NOON + timedelta(minutes=10)
    assert await codes.check("SO1", pocket.codes[0], late) is Checked.OVER


async def test_a_code_is_for_one_order_and_the_newest_counts(
    codes: OneTimeCodes, pocket: Pocket
) -> None:
    await codes.send("SO1", PHONE, NOON)
    await codes.send("SO2", PHONE, NOON)
    await codes.send("SO1", PHONE, NOON)
    first, other, newest = pocket.codes
    if len({first, other, newest}) == 3:
        assert await codes.check("SO1", other, NOON) is Checked.WRONG
        assert await codes.check("SO1", first, NOON) is Checked.WRONG
    assert await codes.check("SO1", newest, NOON) is Checked.RIGHT


async def test_five_a_day(codes: OneTimeCodes) -> None:
    sent = [await codes.send("SO1", PHONE, NOON + timedelta(hours=n)) for n in range(6)]
    assert sent == [True] * 5 + [False]
    assert await codes.send("SO1", PHONE, NOON + timedelta(hours=24, minutes=1))


async def test_the_database_holds_no_code(
    codes: OneTimeCodes, pocket: Pocket, database: Database
) -> None:
    await codes.send("SO1", PHONE, NOON)
    async with database.read() as session:
        row = (await session.scalars(select(OneTimeCodeRow))).one()
    assert pocket.codes[0] not in f"{row.subject}{row.sends}"
    assert row.code_hash
    assert row.code_hash != pocket.codes[0]


async def test_a_code_goes_out_by_mail() -> None:
    taken: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The part of RFC 5321 that a client needs to hand over one message."""
        writer.write(b"220 gateway\r\n")
        while line := await reader.readline():
            command = line.split()[0].upper()
            if command == b"DATA":
                writer.write(b"354 go on\r\n")
                taken.append(await reader.readuntil(b"\r\n.\r\n"))
            writer.write(b"221 bye\r\n" if command == b"QUIT" else b"250 ok\r\n")

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sender = SmtpSender(f"smtp://127.0.0.1:{port}", "{phone}@sms.example", "shop@yingda.example")
    await sender.send(PHONE, "012345")
    server.close()
    message = email.message_from_bytes(taken[0])
    assert message["To"] == "8615400003321@sms.example"
    body = message.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert "012345" in body.decode("utf-8")


async def test_a_gateway_that_is_down_is_an_error_of_its_own() -> None:
    sender = SmtpSender("smtp://127.0.0.1:1", "{phone}@sms.example", "shop@yingda.example")
    with pytest.raises(CodeNotSentError, match=r"127\.0\.0\.1"):
        await sender.send(PHONE, "012345")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("123456", "123456"),
        ("验证码是１２３ ４５６", "123456"),
        ("it's 12-34-56.", "123456"),
        ("2026-11-24", None),
        ("SO20261105002", None),
        ("13800138000", None),
        ("1234567", None),
    ],
)
def test_six_digits_are_a_code_however_they_are_grouped(text: str, code: str | None) -> None:
    assert code_in(text) == code
