"""The story of one cash-on-delivery order: told by a shop, settled by its customer, brought to the door."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.rule import Rule

from bot.cli.order_history import print_history
from bot.cli.understanding import private_stack
from bot.cli.wiring import Parts, load_rules
from bot.clock import SHOP_ZONE
from bot.conversations import transcript
from bot.conversations.inbox import Inbox
from bot.conversations.model import Author, Button, Inbound
from bot.conversations.worker import Workers
from bot.language import Language
from bot.orders import wording
from bot.orders.promise import local_day
from bot.orders.ticker import Ticker
from bot.orders.wire import event_from_json
from bot.settings import Settings
from bot.storage.conversations import Address

_CHANNEL, _USER = "web", "demo-cod"
_WORDS = {
    "zh": {
        "shop": "商城", "customer": "顾客", "bot": "应答", "later": "过了{hours}小时，没有回复",
        "partly": "地址对，时间改到{day}下午，来之前打个电话", "undo": "撤销", "yes": "嗯，没问题，就这样发吧",
        "late": "我想改一下地址", "again": "{day}下午吧", "go": "对的", "status": "我的包裹到哪了",
    },
    "en": {
        "shop": "Shop", "customer": "Customer", "bot": "Yingda", "later": "{hours} hours later, no answer",
        "partly": "address is right, but make it {day} in the afternoon and please call before you come",
        "undo": "Undo", "yes": "yes, that's all correct, please send it",
        "late": "I need to change the address", "again": "{day} in the afternoon", "go": "yes",
        "status": "where is my parcel?",
    },
}  # fmt: skip


class CodStory:
    """Plays the story with a clock of its own, against the real engine and the real desks."""

    def __init__(self, settings: Settings, language: Language, pause_s: float) -> None:
        self._settings = settings
        self._language: Language = language
        self._words = _WORDS[language]
        self._pause_s = pause_s
        self._console = Console()
        # The next morning at ten: shop and customer are awake.
        tomorrow = local_day(datetime.now(UTC)) + timedelta(days=1)
        self._now = datetime(tomorrow.year, tomorrow.month, tomorrow.day, 10, tzinfo=SHOP_ZONE)
        self._number = f"SO{tomorrow:%Y%m%d}888"
        self._seen = 0
        self._events = 0
        self._buttons: tuple[Button, ...] = ()

    async def play(self) -> None:
        """Play it from the order to the door."""
        with self._console.status("Starting a private engine …"):
            stack = private_stack(self._settings, lambda: self._now)
            parts = await stack.__aenter__()
        try:
            await self._play(parts)
        finally:
            await stack.__aexit__(None, None, None)

    async def _play(self, parts: Parts) -> None:
        self._parts = parts
        self._ticker = Ticker(parts.orders.timers, lambda _: None, lambda: self._now)
        self._inbox = Inbox(parts.database, self._settings.message_limit_chars)
        self._workers = Workers(
            parts.database, parts.dialogue, parts.phrases,
            on_reply=lambda _: None, on_typing=_no_typing, queue_ack_every=timedelta(0),
            desk=load_rules(self._settings),
        )  # fmt: skip
        words = self._words
        await self._shop_tells("created", order=self._order())
        await self._later(minutes=1)
        self._say_rule(words["later"].format(hours=3))
        await self._later(hours=3)
        day = wording.day(local_day(self._now) + timedelta(days=4), self._language)
        await self._customer_says(words["partly"].format(day=_plain(day)))
        await self._customer_says(words["undo"], press=True)
        await self._customer_says(words["yes"])
        await self._later(hours=5)
        await self._shop_tells("packed")
        await self._shop_tells(
            "shipped", parcel={"carrier": "sf", "tracking_number": "SF1390088800001"}
        )
        await self._later(minutes=1)
        await self._customer_says(words["late"])
        await self._later(hours=66)
        await self._shop_tells("out_for_delivery")
        await self._later(minutes=1)
        await self._later(hours=4)
        await self._shop_tells("delivery_failed")
        await self._later(minutes=1)
        day = wording.day(local_day(self._now) + timedelta(days=1), self._language)
        await self._customer_says(words["again"].format(day=_plain(day)))
        await self._customer_says(words["go"])
        await self._later(hours=24)
        await self._shop_tells("delivered", received_by="addressee")
        await self._customer_says(words["status"])
        self._say_rule(f"yingda orders show {self._number}")
        await self._history()

    async def _shop_tells(self, kind: str, **more: Any) -> None:
        self._events += 1
        event = {
            "id": f"demo-{self._events}", "type": f"order.{kind}", "order_number": self._number,
            "at": self._now.isoformat(), **more,
        }  # fmt: skip
        told = wording.in_history(f"order.{kind}", self._language)
        self._line("shop", f"{told}  {self._number}  (order.{kind})", "cyan")
        await self._parts.orders.intake.take(event_from_json(event), self._now)

    async def _later(self, **time: float) -> None:
        self._now += timedelta(**time)
        while await self._ticker.tick():
            pass
        await self._show_new()

    async def _customer_says(self, text: str, *, press: bool = False) -> None:
        payload = (
            next((b.payload for b in self._buttons if b.title == text), None) if press else None
        )
        self._line("customer", f"[{text}]" if press else text, "green")
        self._events += 1
        accepted = await self._inbox.accept(
            Inbound(_CHANNEL, _USER, f"demo-{self._events}", text, payload)
        )
        self._workers.wake(accepted.conversation_id)
        await self._workers.idle(accepted.conversation_id)
        await self._show_new()

    async def _show_new(self) -> None:
        async with self._parts.database.write() as session:
            conversation = await transcript.open_conversation(session, _CHANNEL, _USER)
            entries = await transcript.entries(session, conversation.id, self._seen)
        for entry in entries:
            self._seen = entry.seq
            if entry.author is Author.CUSTOMER:
                continue
            self._line("bot", "", "bold")
            self._console.print(Markdown(entry.body.text.replace("\n", "  \n")))
            self._buttons = entry.body.buttons
            if self._buttons:
                self._console.print(
                    "  ".join(f"[{b.title}]" for b in self._buttons), style="blue", markup=False
                )
            await asyncio.sleep(self._pause_s)

    def _line(self, who: str, text: str, style: str) -> None:
        clock = wording.moment(self._now, self._language)
        self._console.print(f"{clock}  {self._words[who]}  {text}", style=style, markup=False)

    def _say_rule(self, text: str) -> None:
        self._console.print(Rule(text, style="dim"))

    async def _history(self) -> None:
        parts = self._parts
        await print_history(
            parts.database, parts.orders.policy, self._number, self._language, self._now
        )

    def _order(self) -> dict[str, Any]:
        name = {"zh": "周建国", "en": "Daniel Okafor"}[self._language]
        zh = self._language == "zh"
        return {
            "customer": {"id": "demo-story", "name": name, "language": self._language},
            "cash_on_delivery": True,
            "amounts": {"goods": 129900, "cod_fee": 500, "total": 130400},
            "recipient": name,
            "phone": "+8615400003321",
            "address": {
                "subdivision": "CN-SC",
                "province": "四川省" if zh else "Sichuan",
                "city": "成都市" if zh else "Chengdu",
                "district": "武侯区" if zh else "Wuhou District",
                "detail": "人民路18号锦绣家园3幢1201室"
                if zh
                else "Room 1201, Building 3, 18 Renmin Road",
            },
            "items": [
                {
                    "sku": "HA-2004",
                    "name": {"zh": "扫拖一体机器人", "en": "Robot vacuum and mop"},
                    "quantity": 1,
                    "unit_price": 129900,
                }
            ],
            "contact": {"channel": _CHANNEL, "user": _USER},
        }


def _plain(day: str) -> str:
    """Return a day without the weekday in brackets, as people type it."""
    return day.partition("（")[0]


async def _no_typing(address: Address, on: bool) -> None:
    return None
