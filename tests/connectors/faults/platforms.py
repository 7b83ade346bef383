"""The two platforms in their worst mood: duplicates, wrong order, refusals, resets, lost responses."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.connectors.faults.running import KilledApp, Show, Verdict, run_customers
from tests.connectors.telegram import fake as telegram
from tests.connectors.wechat import fake as wechat

_FAULT_SHARE = 0.05
_REFUSED_SHARE = 0.2
_LOST_SHARE = 0.2
_AGAIN_S = 0.2


async def run_telegram(root: Path, var: Path, customers: int, messages: int) -> Verdict:
    """Telegram by webhook: a twentieth of our messages is refused, a tenth of its updates comes twice,
    and two updates of one chat come in the wrong order now and then."""
    async with telegram.FakeTelegram() as platform:
        app = KilledApp(
            root,
            {
                "var": str(var), "telegram_token": telegram.TOKEN,
                "telegram_api_url": f"{platform.url}/of/{{process}}", "public_url": "https://bot.example",
                "customer_messages_per_minute": 0, "address_requests_per_minute": 0,
            },
        )  # fmt: skip
        await app.start()
        background: set[asyncio.Task[None]] = set()
        async with httpx.AsyncClient(base_url=app.url, timeout=30) as http:

            async def push(update: dict[str, Any]) -> None:
                while True:
                    try:
                        secret = platform.webhook.get("secret_token", "")
                        answer = await http.post(
                            "/webhooks/telegram",
                            json=update,
                            headers={"x-telegram-bot-api-secret-token": secret},
                        )
                        if answer.status_code == 200:
                            return
                    except httpx.TransportError:
                        pass
                    await asyncio.sleep(_AGAIN_S)

            async def deliver(customer: int, text: str, dice: random.Random) -> None:
                update = platform.message(customer, text)
                if dice.random() < _FAULT_SHARE:
                    platform.faults.append(dice.choice([1, "500", "reset"]))
                if dice.random() < 0.2:
                    # Not waited for: the next update of this chat may come before it.
                    later = asyncio.create_task(_after(dice.random() * 0.05, push(update)))
                    background.add(later)
                    return
                await push(update)
                if dice.random() < 0.1:
                    await push(update)

            def shown() -> dict[int, Sequence[Show]]:
                found: defaultdict[int, list[Show]] = defaultdict(list)
                for sent in platform.sent:
                    found[sent.chat_id].append(Show(sent.text, sent.process, sent.heard))
                return dict(found)

            try:
                return await run_customers(app, deliver, shown, customers, messages)
            finally:
                await asyncio.gather(*background)
                await app.stop()


async def run_wechat(root: Path, var: Path, customers: int, messages: int) -> Verdict:
    """WeChat in safe mode: a fifth of our responses gets lost, so that it asks again, three times at
    most; a fifth of the customer-service messages is refused."""
    async with wechat.FakeWeChat() as platform:
        platform.aes_key = wechat.AES_KEY
        app = KilledApp(
            root,
            {
                "var": str(var), "wechat_app_id": wechat.APP_ID, "wechat_secret": wechat.SECRET,
                "wechat_token": wechat.TOKEN, "wechat_aes_key": wechat.AES_KEY,
                "wechat_api_url": f"{platform.url}/of/{{process}}",
                "customer_messages_per_minute": 0, "address_requests_per_minute": 0,
            },
        )  # fmt: skip
        await app.start()
        moods = random.Random(7)

        def mood() -> int | str | None:
            refused = moods.random() < _REFUSED_SHARE
            return moods.choice([-1, 40001, "500", "reset"]) if refused else None

        platform.mood = mood
        log: defaultdict[int, list[Show]] = defaultdict(list)

        def note(one: wechat.Shown) -> None:
            log[int(one.user[1:])].append(Show(one.text, one.process, one.heard))

        platform.on_shown = note
        async with httpx.AsyncClient(base_url=app.url, timeout=30) as platform.http:

            async def deliver(customer: int, text: str, dice: random.Random) -> None:
                user = f"o{customer}"
                message = platform.message(user, MsgType="text", Content=text)
                tries = 0
                while tries < 3:  # then WeChat gives up
                    try:
                        async with asyncio.timeout(wechat.PATIENCE_S):
                            answer = await platform.post(*platform.sealed(message))
                    except TimeoutError:
                        tries += 1
                        continue
                    except httpx.TransportError:
                        # Nobody is there: the killed process counted none of its tries.
                        tries = 0
                        await asyncio.sleep(_AGAIN_S)
                        continue
                    tries += answer.status_code == 200
                    if answer.status_code == 200 and dice.random() > _LOST_SHARE:
                        platform.read_answer(user, answer)
                        return
                    await asyncio.sleep(0.02)

            try:
                return await run_customers(app, deliver, lambda: log, customers, messages)
            finally:
                await app.stop()


async def _after(seconds: float, work: Any) -> None:
    await asyncio.sleep(seconds)
    await work
