"""Killed twice while the platform repeats, reorders, refuses and breaks off: nothing lost, doubled, misordered.

The full run: ``python -m bench.channels wechat 10000``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors.faults.platforms import run_telegram, run_wechat
from tests.connectors.faults.running import Kill, Show, Verdict, check


@pytest.mark.parametrize("run", [run_telegram, run_wechat])
async def test_two_kills_lose_double_and_misorder_nothing(
    run: object, root: Path, tmp_path: Path
) -> None:
    verdict = await run(root, tmp_path, customers=12, messages=9)  # type: ignore[operator]
    print(verdict)  # noqa: T201
    assert (verdict.sent, verdict.lost, verdict.doubled, verdict.misordered) == (108, 0, 0, 0)
    # A customer may have had one message on its way at each kill.
    assert verdict.repeated <= 2 * 12


def test_the_checker_sees_what_is_lost_doubled_and_misordered() -> None:
    asked = {1: ["a", "b", "c"], 2: ["d"]}
    shown = {
        1: [Show("re b", 1), Show("re a\n\nre b", 1)],
        2: [Show("re d", 1), Show("re d", 2, heard=False), Show("re d", 2)],
    }
    assert check(asked, shown, [Kill(1, frozenset({"re d"}))]) == Verdict(4, 1, 1, 1, 2)
    # Nobody was killed in between, or it had been written down by then.
    for kills in ([], [Kill(1, frozenset())], [Kill(2, frozenset({"re d"}))]):
        assert check(asked, shown, kills) == Verdict(4, 1, 2, 1, 1)
    # The platform came to the request of the killed process after that of its successor.
    late = {1: [Show("re a", 2), Show("re a", 1)]}
    assert check({1: ["a"]}, late, [Kill(1, frozenset({"re a"}))]).repeated == 1
    fine = {1: [Show("re a", 1), Show("re b\n\nre c", 1)], 2: [Show("re d", 1)]}
    assert check(asked, fine, kills=[]) == Verdict(4, 0, 0, 0, 0)
