"""Who takes part in a dialogue: a customer on some channel, and the shop with one order."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from tests.bot.orders.shop_events import created, event, shipped
from tests.conversations.dialogue import Dialogue, ShopSays, Turn
from tests.stack.running import Stack

_numbers = itertools.count(1)


class Customer(Protocol):
    """Says something and hears what comes back."""

    user: str

    async def say(self, text: str, payload: str | None = None) -> list[dict[str, Any]]: ...

    async def hears(self) -> list[dict[str, Any]]: ...


class RestCustomer:
    """A customer on the REST channel, which sends a button's payload as the message."""

    def __init__(self, stack: Stack) -> None:
        self.user = uuid.uuid4().hex
        self._stack = stack

    async def say(self, text: str, payload: str | None = None) -> list[dict[str, Any]]:
        return self._stack.ask(self.user, payload or text)

    async def hears(self) -> list[dict[str, Any]]:
        raise AssertionError("expected a widget: nothing comes unasked over REST")


class Shop:
    """Tells the app what happens to the one order of a dialogue; ``{order}`` stands for its number."""

    def __init__(self, stack: Stack, user: str, dialogue: Dialogue) -> None:
        self._stack = stack
        self._user = user
        self._dialogue = dialogue
        self._number = f"SO20260101{next(_numbers):03d}" if dialogue.on_widget else ""

    def with_number(self, turn: Turn) -> Turn:
        """Return a turn with the order's number where it says ``{order}``."""
        if not self._number:
            return turn
        return turn.model_copy(
            update={
                "say": turn.say and turn.say.replace("{order}", self._number),
                "reply": tuple(text.replace("{order}", self._number) for text in turn.reply),
            }
        )

    def tells(self, kind: ShopSays) -> None:
        """Send a signed event; ``arrived`` is all of an order that was paid and has come already."""
        now = datetime.now(UTC)
        if kind == "arrived":
            number, start = self._number, now - timedelta(hours=9)
            price, language = self._dialogue.fen, self._dialogue.language
            for data in (
                created(
                    number, start, price=price, language=language, contact=None, cod=False,
                    customer=self._user,
                ),
                event("paid", number, start + timedelta(hours=1)),
                shipped(number, start + timedelta(hours=2), f"SF{number[2:]:0>13}"),
                event("delivered", number, start + timedelta(hours=8)),
            ):  # fmt: skip
                self._stack.tell(data)
            return
        if kind == "created":
            data = created(
                self._number,
                now,
                price=self._dialogue.fen,
                language=self._dialogue.language,
                contact={"channel": "web", "user": self._user},
                customer=self._user,
            )
        elif kind == "shipped":
            data = shipped(self._number, now, f"SF{self._number[2:]:0>13}")
        else:
            data = event(kind, self._number, now)
        self._stack.tell(data)
