"""The measurements. One client, systems in turn, so that the machine's noise hits all of them."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import httpx

from bench.stack.systems import Line, Turn

CONVERSATIONS_AT_ONCE = 8
WARM_UP_TURNS = 20
# As long as a customer's conversation is; the long one is measured by itself.
_TURNS_PER_CONVERSATION = 10
_BLOCKS = 2
_EARLY_TURN = 10
_WINDOW = 10

Texts = Mapping[Turn, Sequence[str]]


@dataclass(slots=True)
class Measured:
    """What was measured on one line. Times in milliseconds, one per turn."""

    latency: dict[Turn, list[float]] = field(default_factory=dict)
    turns_per_s: float = 0.0
    long_conversation: list[float] = field(default_factory=list)
    turns: int = 0
    unexpected: int = 0

    def early_ms(self) -> float:
        """Return the median of the ten turns around the 10th of the long conversation."""
        start = _EARLY_TURN - _WINDOW // 2
        return statistics.median(self.long_conversation[start : start + _WINDOW])

    def late_ms(self) -> float:
        """Return the median of the last ten turns of the long conversation."""
        return statistics.median(self.long_conversation[-_WINDOW:])


def p95(values: Sequence[float]) -> float:
    """Return the value that 95 of 100 do not exceed."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def client() -> httpx.AsyncClient:
    """Return the client of all measurements: keep-alive, one connection per conversation."""
    limits = httpx.Limits(max_keepalive_connections=64)
    return httpx.AsyncClient(timeout=60, limits=limits, trust_env=False)


async def usable(
    http: httpx.AsyncClient, lines: Sequence[Line], turn: Turn, texts: Sequence[str]
) -> list[str]:
    """Return the texts that every line answers with ``turn``: none may win by misunderstanding."""
    kept = []
    for text in texts:
        conversation = f"probe-{turn.name}-{text}"
        try:
            answers = [await line.ask(http, turn, conversation, text) for line in lines]
        except httpx.HTTPStatusError:  # another action, which plain Rasa's project does not have
            continue
        if all(answers):
            kept.append(text)
    return kept


async def latency(
    http: httpx.AsyncClient,
    lines: Sequence[Line],
    texts: Texts,
    turns: int,
    measured: Mapping[str, Measured],
) -> None:
    """Time single turns, one request at a time, of each kind on each line."""
    for turn in Turn:
        words = itertools.cycle(texts[turn])
        for number in range(-WARM_UP_TURNS, turns):
            text = next(words)
            conversation = f"{turn.name}-{number // _TURNS_PER_CONVERSATION}"
            for line in _in_turn(lines, number):
                spent = await _timed(http, line, turn, conversation, text, measured[line.name])
                if number >= 0:
                    measured[line.name].latency.setdefault(turn, []).append(spent)


async def long_conversation(
    http: httpx.AsyncClient,
    lines: Sequence[Line],
    texts: Texts,
    turns: int,
    measured: Mapping[str, Measured],
) -> None:
    """Time every turn of one conversation of questions on each line."""
    words = itertools.cycle(texts[Turn.ACTION])
    for number in range(turns):
        text = next(words)
        for line in _in_turn(lines, number):
            spent = await _timed(http, line, Turn.ACTION, "long", text, measured[line.name])
            measured[line.name].long_conversation.append(spent)


async def throughput(
    http: httpx.AsyncClient,
    lines: Sequence[Line],
    texts: Texts,
    seconds: float,
    measured: Mapping[str, Measured],
) -> None:
    """Count the turns of many conversations at once; greetings and questions take turns."""
    done = dict.fromkeys((line.name for line in lines), 0)
    for block in range(_BLOCKS):
        for line in _in_turn(lines, block):
            deadline = time.perf_counter() + seconds / _BLOCKS
            counts = await asyncio.gather(
                *(
                    _talk(http, line, texts, f"{block}-{customer}", deadline, measured[line.name])
                    for customer in range(CONVERSATIONS_AT_ONCE)
                )
            )
            done[line.name] += sum(counts)
    for name, count in done.items():
        measured[name].turns_per_s = count / seconds


async def _talk(
    http: httpx.AsyncClient,
    line: Line,
    texts: Texts,
    customer: str,
    deadline: float,
    measured: Measured,
) -> int:
    """Talk until ``deadline``; returns the turns answered by then."""
    words = {turn: itertools.cycle(texts[turn]) for turn in Turn}
    for number, turn in enumerate(itertools.cycle(Turn)):
        conversation = f"many-{customer}-{number // _TURNS_PER_CONVERSATION}"
        await _timed(http, line, turn, conversation, next(words[turn]), measured)
        if time.perf_counter() > deadline:
            return number
    raise AssertionError("the cycle of turns has no end")


async def _timed(
    http: httpx.AsyncClient,
    line: Line,
    turn: Turn,
    conversation: str,
    text: str,
    measured: Measured,
) -> float:
    started = time.perf_counter()
    as_meant = await line.ask(http, turn, conversation, text)
    spent = (time.perf_counter() - started) * 1000
    measured.turns += 1
    measured.unexpected += not as_meant
    return spent


def _in_turn(lines: Sequence[Line], number: int) -> Iterator[Line]:
    """Yield the lines, each time beginning with another one."""
    first = number % len(lines)
    yield from (*lines[first:], *lines[:first])
