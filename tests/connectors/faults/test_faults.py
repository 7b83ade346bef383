"""Killed twice while the platforms repeat, reorder, refuse and break off: nothing lost, doubled, misordered.

The full run: ``python -m bench.channels faults wechat 10000``.
"""

from __future__ import annotations

from pathlib import Path

from tests.connectors.faults.checker import Kill, Show, Verdict, check
from tests.connectors.faults.platforms import PLATFORMS
from tests.connectors.faults.running import run

_CUSTOMERS, _MESSAGES = 6, 6


async def test_two_kills_lose_double_and_misorder_nothing(root: Path, tmp_path: Path) -> None:
    """All channels in one app, which shares its outbox and its database among them as in a shop."""
    platforms = [platform() for platform in PLATFORMS.values()]
    verdicts = await run(platforms, root, tmp_path, _CUSTOMERS, _MESSAGES)
    for name, verdict in verdicts.items():
        print(f"{name}: {verdict}")  # noqa: T201
        assert verdict.sent >= _CUSTOMERS * _MESSAGES
        assert (verdict.lost, verdict.doubled, verdict.misordered, verdict.held) == (0,) * 4, name
        # What the platform took without our hearing of it, at a kill or when a response got lost.
        assert verdict.repeated <= _CUSTOMERS * _MESSAGES / 4, name


def test_the_checker_sees_what_is_lost_doubled_and_misordered() -> None:
    asked = {1: ["a", "b", "c"], 2: ["d"]}
    shown = {
        1: [Show("re b", 1), Show("re a\n\nre b", 1)],
        2: [Show("re d", 1), Show("re d", 2, heard=False), Show("re d", 2)],
    }
    assert check(asked, shown, [Kill(1, frozenset({"re d"}))]) == Verdict(4, 1, 1, 1, 2)
    # The last answer waits for the customer's next message.
    silent = {**shown, 2: []}
    assert check(asked, silent, [], {"re d"}) == Verdict(4, 1, 1, 1, 0, held=1)
    assert check(asked, silent, [], {"re a"}) == Verdict(4, 2, 1, 1, 0)
    # Nobody was killed in between, or it had been written down by then.
    for kills in ([], [Kill(1, frozenset())], [Kill(2, frozenset({"re d"}))]):
        assert check(asked, shown, kills) == Verdict(4, 1, 2, 1, 1)
    # The platform came to the request of the killed process after that of its successor.
    late = {1: [Show("re a", 2), Show("re a", 1)]}
    assert check({1: ["a"]}, late, [Kill(1, frozenset({"re a"}))]).repeated == 1
    fine = {1: [Show("re a", 1), Show("re b\n\nre c", 1)], 2: [Show("re d", 1)]}
    assert check(asked, fine, kills=[]) == Verdict(4, 0, 0, 0, 0)
