"""What counts as right: labelled messages against what ``yingda understand`` made of them.

The labels are in tests/understanding/messages.jsonl; its README says what they mean.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

MESSAGES = Path(__file__).resolve().parents[2] / "tests/understanding/messages.jsonl"

Split = Literal["dev", "test"]
_TEST_PERCENT = 30


class Kind(StrEnum):
    """What a message calls for; its first label says so."""

    FAQ = "FAQ"
    TASK = "task"
    OFF_TOPIC = "off-topic"


class Result(StrEnum):
    """What became of a message; exactly one of these."""

    RIGHT = "right"
    OFFERED = "right among the suggestions"
    WRONG_ANSWER = "wrong answer"
    WRONG_SUGGESTION = "wrong suggestions"
    WRONG_ACT = "wrong act"
    PASSED_OVER = "passed over"


@dataclass(frozen=True)
class Message:
    """A labelled message; ``expected`` holds every decision that is right, the best one first."""

    id: str
    text: str
    expected: tuple[str, ...]

    @property
    def group(self) -> str:
        """The kind of writing, which begins the id: zh, en, mixed, trad or noisy."""
        return self.id.partition("-")[0]

    @property
    def kind(self) -> Kind:
        """What the message calls for."""
        ladder_rung = self.expected[0].partition(":")[0]
        return {"answer": Kind.FAQ, "decline": Kind.OFF_TOPIC}.get(ladder_rung, Kind.TASK)

    @property
    def right_records(self) -> frozenset[str]:
        """The FAQ ids whose answer is right."""
        return frozenset(_named(self.expected, "answer"))

    @property
    def right_intents(self) -> frozenset[str]:
        """The intents that lead to a right decision."""
        intents = set(_named(self.expected, "flow"))
        for decision, intent in _INTENT_OF.items():
            if any(
                right == decision or right.startswith(decision + ":") for right in self.expected
            ):
                intents.add(intent)
        return frozenset(intents)


_INTENT_OF = {
    "answer": "ask_faq",
    "decline": "out_of_scope",
    "clarify": "nlu_fallback",
    "handoff:asked_for": "ask_human",
    "handoff:complaint": "complaint",
}


@dataclass(frozen=True)
class Understood:
    """What the bot made of a message."""

    decision: str
    intent: str | None
    confidence: float | None
    faq: tuple[tuple[str, float], ...]
    latency_ms: float | None

    @classmethod
    def read(cls, line: Mapping[str, Any]) -> Understood:
        """Read one object of ``yingda understand``'s output."""
        return cls(
            decision=line["decision"],
            intent=line.get("intent"),
            confidence=line.get("confidence"),
            faq=tuple((hit["id"], hit["score"]) for hit in line.get("faq") or ()),
            latency_ms=line.get("latency_ms"),
        )


@dataclass(frozen=True)
class Verdict:
    """A message, what the bot made of it, and how that is to be judged."""

    message: Message
    understood: Understood

    @cached_property
    def result(self) -> Result:
        """What became of the message."""
        message, decision = self.message, self.understood.decision
        rung, _, name = decision.partition(":")
        if decision in message.expected:
            return Result.RIGHT
        if rung == "suggest":
            found = message.right_records.intersection(name.split(","))
            return Result.OFFERED if found else Result.WRONG_SUGGESTION
        if rung == "answer":
            return Result.WRONG_ANSWER
        acted = rung == "flow" or (
            rung == "handoff"
            and (message.kind is Kind.OFF_TOPIC or any(_named(message.expected, "handoff")))
        )
        return Result.WRONG_ACT if acted else Result.PASSED_OVER

    @property
    def failed(self) -> bool:
        """Whether the customer got neither a right decision nor the offer of one."""
        return self.result not in (Result.RIGHT, Result.OFFERED)

    @property
    def intent_right(self) -> bool:
        """Whether the classifier's intent leads to a right decision."""
        return self.understood.intent in self.message.right_intents

    @property
    def answered(self) -> bool:
        """Whether the reply was the answer of a right FAQ record."""
        return self.result is Result.RIGHT and self.understood.decision.startswith("answer:")

    @property
    def top_hit_right(self) -> bool:
        """Whether the index put a right FAQ record first, whatever was decided."""
        return bool(self.understood.faq) and self.understood.faq[0][0] in self.message.right_records


@dataclass(frozen=True)
class Metric:
    """A share of messages: ``counts`` among those that the metric is ``about``."""

    name: str
    about: Callable[[Verdict], bool]
    counts: Callable[[Verdict], bool]

    def share(self, verdicts: Iterable[Verdict]) -> tuple[int, int]:
        """Return (how many count, among how many)."""
        relevant = [verdict for verdict in verdicts if self.about(verdict)]
        return sum(map(self.counts, relevant)), len(relevant)


def _any(_: Verdict) -> bool:
    return True


def _kind(kind: Kind) -> Callable[[Verdict], bool]:
    return lambda verdict: verdict.message.kind is kind


def _result(*results: Result) -> Callable[[Verdict], bool]:
    return lambda verdict: verdict.result in results


METRICS = (
    Metric("decision right", _any, _result(Result.RIGHT)),
    Metric("decision right or offered", _any, lambda v: not v.failed),
    Metric("intent right", _any, lambda v: v.intent_right),
    Metric("FAQ: right at 1", _kind(Kind.FAQ), lambda v: v.answered),
    Metric(
        "FAQ: right within suggestions",
        _kind(Kind.FAQ),
        lambda v: v.answered or v.result is Result.OFFERED,
    ),
    Metric("FAQ: top hit of the index right", _kind(Kind.FAQ), lambda v: v.top_hit_right),
    Metric("FAQ: decision right or offered", _kind(Kind.FAQ), lambda v: not v.failed),
    Metric("task: decision right", _kind(Kind.TASK), _result(Result.RIGHT)),
    Metric("wrong answer (lower is better)", _any, _result(Result.WRONG_ANSWER)),
    Metric("wrong act (lower is better)", _any, _result(Result.WRONG_ACT)),
    Metric(
        "passed over what could be answered (lower is better)",
        lambda v: v.message.kind is not Kind.OFF_TOPIC,
        _result(Result.PASSED_OVER),
    ),
    Metric("off-topic: declined or asked back", _kind(Kind.OFF_TOPIC), _result(Result.RIGHT)),
    Metric(
        "off-topic: neither answered nor acted on",
        _kind(Kind.OFF_TOPIC),
        _result(Result.RIGHT, Result.WRONG_SUGGESTION),
    ),
)


def split(message_id: str) -> Split:
    """Return the part a message belongs to, for ever: about 30% are ``test``, the rest ``dev``.

    It hangs on the id alone, so adding messages moves none of the others.
    """
    bucket = int.from_bytes(hashlib.sha256(message_id.encode()).digest()[:8]) % 100
    return "test" if bucket < _TEST_PERCENT else "dev"


def read_messages(path: Path = MESSAGES) -> list[Message]:
    """Read labelled messages.

    Raises:
        ValueError: for a line that is not what tests/understanding/README.md describes.
    """
    messages = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        found = json.loads(line)
        match found:
            case {"id": str(id_), "text": str(text), "expected": [str(), *_] as expected} if (
                len(found) == 3
            ):
                messages.append(Message(id_, text, tuple(expected)))
            case _:
                raise ValueError(
                    f'{path}, line {number}: expected {{"id", "text", "expected": [...]}}, '
                    f"got {line[:80]!r}"
                )
    return messages


def judge(messages: Iterable[Message], lines: Iterable[str]) -> list[Verdict]:
    """Match messages with the output lines of ``yingda understand``, in the order of the messages.

    Raises:
        ValueError: when a message has no line.
    """
    understood = {str(line["id"]): Understood.read(line) for line in map(json.loads, lines)}
    messages = list(messages)
    missing = [message.id for message in messages if message.id not in understood]
    if missing:
        raise ValueError(
            f"expected a line for each of {len(messages)} messages, {len(missing)} have none, "
            f"the first is {missing[0]}"
        )
    return [Verdict(message, understood[message.id]) for message in messages]


def latency_ms(verdicts: Sequence[Verdict]) -> tuple[float, float]:
    """Return (median, 95th percentile) of the milliseconds per message; NaN without any."""
    times = [v.understood.latency_ms for v in verdicts if v.understood.latency_ms is not None]
    if not times:
        return float("nan"), float("nan")
    median, slow = np.percentile(times, [50, 95])
    return float(median), float(slow)


def _named(decisions: Iterable[str], rung: str) -> list[str]:
    return [d.partition(":")[2] for d in decisions if d.startswith(rung + ":")]
