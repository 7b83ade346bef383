"""The bench of understanding counts what it says it counts."""

from __future__ import annotations

import json

import pytest

from bench.product.score import METRICS, Kind, Message, Result, Understood, Verdict, judge, split

FAQ = Message("zh-1", "货到付款收手续费不", ("answer:cod-fee", "flow:cod_question"))
TASK = Message("en-2", "let me talk to someone", ("handoff:asked_for",))
OFF = Message("en-3", "do fish sleep", ("decline", "clarify"))


def verdict(message: Message, decision: str, *, intent: str = "", top: str = "") -> Verdict:
    hits = ((top, 0.9),) if top else ()
    return Verdict(message, Understood(decision, intent, 0.5, hits, 12.0))


@pytest.mark.parametrize(
    ("message", "decision", "result"),
    [
        (FAQ, "answer:cod-fee", Result.RIGHT),
        (FAQ, "flow:cod_question", Result.RIGHT),
        (FAQ, "suggest:cod-how,cod-fee", Result.OFFERED),
        (FAQ, "suggest:cod-how", Result.WRONG_SUGGESTION),
        (FAQ, "answer:cod-fee-elsewhere", Result.WRONG_ANSWER),
        (FAQ, "flow:greet", Result.WRONG_ACT),
        (FAQ, "clarify", Result.PASSED_OVER),
        (FAQ, "decline", Result.PASSED_OVER),
        (FAQ, "handoff:low_confidence", Result.PASSED_OVER),
        (TASK, "handoff:asked_for", Result.RIGHT),
        (TASK, "handoff:complaint", Result.WRONG_ACT),
        (TASK, "clarify", Result.PASSED_OVER),
        (OFF, "clarify", Result.RIGHT),
        (OFF, "answer:cod-fee", Result.WRONG_ANSWER),
        (OFF, "suggest:cod-fee", Result.WRONG_SUGGESTION),
        (OFF, "handoff:low_confidence", Result.WRONG_ACT),
    ],
)
def test_every_decision_has_one_result(message: Message, decision: str, result: Result) -> None:
    assert verdict(message, decision).result is result


def test_the_first_label_says_what_a_message_calls_for() -> None:
    assert [m.kind for m in (FAQ, TASK, OFF)] == [Kind.FAQ, Kind.TASK, Kind.OFF_TOPIC]


def test_an_intent_is_right_when_it_leads_to_a_right_decision() -> None:
    assert FAQ.right_intents == {"ask_faq", "cod_question"}
    assert TASK.right_intents == {"ask_human"}
    assert OFF.right_intents == {"out_of_scope", "nlu_fallback"}


def test_metrics_count_what_they_are_about() -> None:
    verdicts = [
        verdict(FAQ, "answer:cod-fee", intent="ask_faq", top="cod-fee"),
        verdict(FAQ, "suggest:cod-how,cod-fee", intent="ask_faq", top="cod-how"),
        verdict(FAQ, "flow:cod_question", intent="cod_question", top="cod-fee"),
        verdict(TASK, "answer:contact-phone", intent="ask_faq"),
        verdict(OFF, "suggest:use-descaling", intent="ask_faq"),
        verdict(OFF, "decline", intent="out_of_scope"),
    ]
    assert {metric.name: metric.share(verdicts) for metric in METRICS} == {
        "decision right": (3, 6),
        "decision right or offered": (4, 6),
        "intent right": (4, 6),
        "FAQ: right at 1": (1, 3),
        "FAQ: right within suggestions": (2, 3),
        "FAQ: top hit of the index right": (2, 3),
        "FAQ: decision right or offered": (3, 3),
        "task: decision right": (0, 1),
        "wrong answer (lower is better)": (1, 6),
        "wrong act (lower is better)": (0, 6),
        "passed over what could be answered (lower is better)": (0, 4),
        "off-topic: declined or asked back": (1, 2),
        "off-topic: neither answered nor acted on": (2, 2),
    }


def test_a_message_without_an_output_line_is_an_error() -> None:
    line = json.dumps({"id": "zh-1", "decision": "clarify"})
    assert judge([FAQ], [line])[0].result is Result.PASSED_OVER
    with pytest.raises(ValueError, match="1 have none, the first is en-2"):
        judge([FAQ, TASK], [line])


def test_a_message_keeps_its_part() -> None:
    """The split is part of the data: whoever tuned on ``dev`` has never seen ``test``."""
    parts = [split(f"zh-{n:03d}") for n in range(1, 9)]
    assert parts == ["dev", "test", "test", "dev", "dev", "dev", "dev", "dev"]
