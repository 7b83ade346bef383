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
        1: [Show("re b", 10.0), Show("re a\n\nre b", 20.0)],
        2: [Show("re d", 29.5), Show("re d", 31.0, heard=False), Show("re d", 32.0)],
    }
    assert check(asked, shown, [Kill(30.0, frozenset({"re d"}))]) == Verdict(4, 1, 1, 1, 2)
    # Nobody was killed while this was on its way, or it had been written down by then.
    for kills in ([], [Kill(30.0, frozenset())], [Kill(29.0, frozenset({"re d"}))]):
        assert check(asked, shown, kills) == Verdict(4, 1, 2, 1, 1)
    fine = {1: [Show("re a", 1.0), Show("re b\n\nre c", 2.0)], 2: [Show("re d", 3.0)]}
    assert check(asked, fine, kills=[]) == Verdict(4, 0, 0, 0, 0)
