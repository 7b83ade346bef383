"""One-time codes: proof that who writes to us also holds the telephone on the order.

Six digits are one of a million; three tries within ten minutes leave a guesser three in a million. At
rest there is only a keyed hash, so a stolen database shows no code that is still good.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.language import normalise
from bot.storage.cod import OneTimeCodeRow
from bot.storage.engine import Database

DIGITS = 6
GOOD_FOR = timedelta(minutes=10)
TRIES = 3
SENDS_A_DAY = 5


_AGAIN = re.compile(
    r"(?:没有?|还没|收不)[^,，。]{0,3}[收到][^,，。]{0,4}(?:码|短信|信息)|(?:码|短信)[^,，。]{0,4}(?:没[收到有]|收不到|过期|失效)"
    r"|[重再][新]?[发送来]|^(?:没有?|还没)收到|^收不到"
    r"|(?<![a-z])(?:re-?send|(?<!did you )send (?:it|me|the|another|a new)|another code|new code|again|(?:didn'?t|did not|haven'?t|not) (?:get|got|receive[d]?|arrive[d]?)|no (?:code|message|text|sms)|never (?:came|arrived|got))(?![a-z])",
    re.IGNORECASE,
)

_CODE = re.compile(r"(?<![0-9])(?<![0-9][ -])[0-9](?:[ -]?[0-9]){5}(?![ -]?[0-9])")
_ONLY_DIGITS = re.compile(
    r"(?:验证码|是|the code is|it'?s|code|[\s:：])*[0-9][0-9 -]{2,8}[\s.。]*", re.I
)
_WHY = re.compile(
    r"(?:为什么|为啥|干嘛|凭什么|怎么还|什么|啥|哪[个里来]|哪有).{0,6}(?:验证|码)|(?:验证|码).{0,8}(?:干嘛|做什么|什么用|发[到给]?(?:哪|谁|什么|啥)|在哪|是什么|是啥)"
    r"|(?:手机|号码?|电话).{0,6}(?:不用了|没在用|停机|丢了|不在身边|换了|注销)|(?<!重新)发到(?:哪|什么|谁)"
    r"|(?<![a-z])(?:why|what|which|where)\b.{0,24}\b(?:code|phone|number|verif\w*|sms|text)\b|what code|(?:lost|don'?t have|no longer (?:have|use)|not my|old|changed) .{0,12}(?:phone|number|sim)",
    re.I,
)


def code_in(text: str) -> str | None:
    """Return the six digits in a message, however they are grouped: "123 456"."""
    found = _CODE.search(normalise(text))
    return re.sub(r"[ -]", "", found[0]) if found else None


def mistyped(text: str) -> bool:
    """Tell whether a message without a code is nothing but digits, and so was meant for one."""
    return code_in(text) is None and _ONLY_DIGITS.fullmatch(normalise(text).strip()) is not None


def asks_why(text: str) -> bool:
    """Tell whether a customer does not know what code that is, or can't get at the phone."""
    return _WHY.search(normalise(text)) is not None


def wants_another(text: str) -> bool:
    """Tell whether a customer who was sent a code asks for it again, or says that it did not come."""
    return _AGAIN.search(normalise(text)) is not None


class CodeSender(Protocol):
    """Brings a code to a telephone."""

    async def send(self, phone: str, code: str) -> None:
        """Send it; raises ``CodeNotSentError``."""


class CodeNotSentError(Exception):
    """The code could not be sent."""


class Checked(StrEnum):
    """What became of a code that a customer typed."""

    RIGHT = "right"
    WRONG = "wrong"
    OVER = "over"  # too many tries, too late, or used already: a new code is needed


@dataclass(frozen=True, slots=True)
class OneTimeCodes:
    """Sends and checks codes.

    Args:
        key: keys the hashes; the installation's own secret.
    """

    database: Database
    sender: CodeSender
    key: str

    async def send(self, subject: str, phone: str, now: datetime) -> bool:
        """Send a new code for ``subject``; the one before is no longer good.

        Returns:
            False when ``SENDS_A_DAY`` were sent in the last 24 hours, or it did not go out; such a try counts
            all the same.
        """
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        async with self.database.write() as session:
            row = await _locked(session, subject, now)
            day_ago = now - timedelta(days=1)
            recent = [sent for sent in row.sends if datetime.fromisoformat(str(sent)) > day_ago]
            if len(recent) >= SENDS_A_DAY:
                return False
            row.sends = [*recent, now.isoformat()]
            row.code_hash, row.tries = self._hash(subject, code), 0
            row.good_until = now + GOOD_FOR
        try:
            await self.sender.send(phone, code)
        except CodeNotSentError:
            return False
        return True

    async def check(self, subject: str, code: str, now: datetime) -> Checked:
        """Check a code; a right one is used up."""
        async with self.database.write() as session:
            row = await _locked(session, subject, now)
            if row.code_hash is None or now >= row.good_until or row.tries >= TRIES:
                return Checked.OVER
            row.tries += 1
            if hmac.compare_digest(row.code_hash, self._hash(subject, code)):
                row.code_hash = None
                return Checked.RIGHT
            return Checked.OVER if row.tries >= TRIES else Checked.WRONG

    def _hash(self, subject: str, code: str) -> str:
        return hmac.new(self.key.encode(), f"{subject}:{code}".encode(), sha256).hexdigest()


async def _locked(session: AsyncSession, subject: str, now: datetime) -> OneTimeCodeRow:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    new: dict[str, Any] = {
        "subject": subject,
        "code_hash": None,
        "good_until": now,
        "tries": 0,
        "sends": [],
    }
    await session.execute(dialect.insert(OneTimeCodeRow).values(new).on_conflict_do_nothing())
    found = await session.execute(
        select(OneTimeCodeRow).where(OneTimeCodeRow.subject == subject).with_for_update()
    )
    return found.scalar_one()
