"""A thousand broken connections: no message lost, none doubled, none out of place, on either side."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

from tests.connectors.harness import running_app, until
from tests.connectors.web.line import Line, Lines

_CONNECTIONS = 1000


async def test_a_thousand_forced_reconnects_lose_and_double_nothing(
    root: Path, tmp_path: Path
) -> None:
    dice = random.Random(7)
    async with running_app(root, tmp_path, customer_messages_per_minute=0) as app:
        lines = Lines(app.socket)
        token: str | None = None
        seen: dict[int, dict[str, Any]] = {}
        said: list[str] = []
        waiting: str | None = None

        def read(line: Line) -> None:
            for entry in [
                *line.got("message"),
                *(m for r in line.got("ready") for m in r["messages"]),
            ]:
                assert seen.setdefault(entry["seq"], entry) == entry

        def complete() -> int:
            return next(n for n in range(len(seen) + 1) if n + 1 not in seen)

        for number in range(_CONNECTIONS):
            hello = {"lang": "zh", "last_seq": complete()}
            line = await lines.connect(hello | ({"session": token} if token else {}))
            if token is None or dice.random() < 0.5:
                await line.until(lambda line=line: bool(line.got("ready")))  # type: ignore[misc]
                token = line.got("ready")[0]["session"]
            if token is not None and (waiting or dice.random() < 0.2):
                if waiting is None:
                    waiting = f"message-{number:04}"
                    said.append(waiting)
                asked = await line.emit("say", {"client_id": waiting, "text": waiting})
                for _ in range(dice.randrange(8)):
                    await asyncio.sleep(0)
                if asked in line.acks or dice.random() < 0.5:
                    await line.until(lambda line=line, asked=asked: asked in line.acks)  # type: ignore[misc]
                    assert line.acks[asked]["ok"]
                    waiting = None
            read(line)
            await line.cut()

        line = await lines.connect({"lang": "zh", "session": token, "last_seq": complete()})
        if waiting:
            await line.emit("say", {"client_id": waiting, "text": waiting})

        def all_answered() -> bool:
            read(line)
            return f"re {said[-1]}" in [entry["text"] for entry in seen.values()]

        await until(all_answered)
        await line.cut()
        last = await lines.connect({"lang": "zh", "session": token, "last_seq": complete()})
        await until(lambda: bool(last.got("ready")))
        read(last)
        assert sorted(seen) == list(range(1, len(seen) + 1))
        texts = [seen[n]["text"] for n in sorted(seen)]
        assert len(said) > 100
        assert [text for text in texts if not text.startswith("re ")] == said
        assert [text for text in texts if text.startswith("re ")] == [f"re {text}" for text in said]
        assert app.dialogue.seen == said
