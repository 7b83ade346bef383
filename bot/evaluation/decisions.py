"""What became of a message, judged against the decisions that would have been right."""

from __future__ import annotations

from collections.abc import Sequence


def judge_decision(decision: str, expected: Sequence[str]) -> str:
    """Return one of: right, right among the suggestions, wrong answer, wrong suggestions, wrong act, passed over.

    Args:
        decision: as ``yingda understand`` writes it, such as ``answer:cod-fee``.
        expected: every right decision, the best one first.
    """
    rung, _, name = decision.partition(":")
    # A right decision without a name ("flow", "answer") stands for all of its kind.
    if decision in expected or rung in expected:
        return "right"
    if rung == "suggest":
        right = {one.partition(":")[2] for one in expected if one.startswith("answer:")}
        found = right.intersection(name.split(","))
        return "right among the suggestions" if found else "wrong suggestions"
    if rung == "answer":
        return "wrong answer"
    off_topic = expected[0].partition(":")[0] == "decline"
    handed_off = any(one.startswith("handoff") for one in expected)
    if rung == "flow" or (rung == "handoff" and (off_topic or handed_off)):
        return "wrong act"
    return "passed over"


def harmless(decision: str, expected: Sequence[str]) -> bool:
    """Return whether an off-topic message was neither answered nor acted on."""
    return judge_decision(decision, expected) in ("right", "wrong suggestions", "passed over")
