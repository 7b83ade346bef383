"""Compares what customers asked with what they were shown, on both sides of each kill."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Kill:
    """Which process was killed (they are counted from 1), and which answers were not written down as
    delivered by then, as its database says."""

    process: int
    unconfirmed: frozenset[str]


@dataclass(frozen=True)
class Show:
    """A text that a customer saw, and which process had sent it.

    The process is told by what it sent, not by a clock: the platform may come to a request long after
    its sender is gone. ``heard`` is false when our side had hung up by then; ``at`` is when it was, by ``time.monotonic``.
    """

    text: str
    process: int
    heard: bool = True
    at: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Verdict:
    """What the logs of both sides say.

    ``repeated`` are answers that were sent a second time because we could not know of the first: the
    process was killed between the platform's taking it and our writing that down, or the platform's
    confirmation did not reach us. Neither platform can be asked, so these can't be avoided without
    losing answers instead. Both causes are proven one by one, from the database as the killed process
    left it and from the platform's own log; any other second time is ``doubled``.

    ``held`` are answers that wait for the customer's next message, as they should: the platform's own
    count lets the bot send this customer nothing more, and our database has them still to be sent.
    """

    sent: int
    lost: int
    doubled: int
    misordered: int
    repeated: int
    held: int = 0

    def __str__(self) -> str:
        return (
            f"{self.sent} messages: lost {self.lost}, doubled {self.doubled}, "
            f"misordered {self.misordered}, repeated because unconfirmed {self.repeated}, held {self.held}"
        )


def check(
    asked: Mapping[int, Sequence[str]],
    shown: Mapping[int, Sequence[Show]],
    kills: Sequence[Kill],
    held_back: Collection[str] = (),
) -> Verdict:
    """Compare what customers asked, in order, with what they were shown; see ``Verdict.held``."""
    lost = doubled = misordered = repeated = held = 0
    for customer, questions in asked.items():
        first: dict[str, Show] = {}
        order: list[str] = []
        for show in shown.get(customer, ()):
            for answer in show.text.split("\n\n"):
                before = first.get(answer)
                first[answer] = show
                if before is None:
                    order.append(answer)
                elif not before.heard or _killed_between(kills, before, show, answer):
                    repeated += 1
                else:
                    doubled += 1
        wanted = [f"re {question}" for question in questions]
        missing = [answer for answer in wanted if answer not in first]
        waiting = sum(answer in held_back for answer in missing)
        lost, held = lost + len(missing) - waiting, held + waiting
        place = {answer: n for n, answer in enumerate(wanted)}
        places = [place[answer] for answer in order if answer in place]
        misordered += sum(b < a for a, b in itertools.pairwise(places))
    return Verdict(sum(map(len, asked.values())), lost, doubled, misordered, repeated, held)


def _killed_between(kills: Sequence[Kill], one: Show, other: Show, answer: str) -> bool:
    """Tell whether the earlier of two senders was killed before it could write ``answer`` down."""
    first, second = sorted((one.process, other.process))
    return any(first <= kill.process < second and answer in kill.unconfirmed for kill in kills)
