"""Which questions of the log count as asked in vain, and what an agent answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from bot.conversations.model import Author, Body
from bot.gaps.clusters import clustered
from bot.gaps.privacy import masked
from bot.gaps.questions import Kind, Line, Missed, missed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def line(
    number: int, text: str, decision: str | None = None, *, payload: str | None = None,
    author: Author = Author.CUSTOMER, intent: str | None = None,
) -> Line:  # fmt: skip
    at = NOW + timedelta(seconds=number)
    return Line(number, "c1", author, Body(text, payload), at, decision, intent)


def kinds(*lines: Line) -> dict[str, Kind]:
    return {one.text: one.kind for one in missed(lines)}


def test_each_way_of_asking_in_vain_is_told_apart() -> None:
    assert kinds(line(1, "能送到月球吗", "clarify")) == {"能送到月球吗": Kind.UNANSWERED}
    assert kinds(
        line(1, "周末送货吗", "suggest:a,b"), line(2, "都不是", "clarify", payload="/deny")
    ) == {"周末送货吗": Kind.REFUSED}
    assert kinds(
        line(1, "能开专票吗", "answer:invoice"),
        line(2, "转人工", "handoff:asked_for", intent="ask_human"),
    ) == {"能开专票吗": Kind.UNHELPFUL}
    assert kinds(line(1, "电池鼓包了怎么办", "handoff:policy")) == {
        "电池鼓包了怎么办": Kind.HANDED_OFF
    }


def test_what_was_settled_is_no_gap() -> None:
    assert (
        kinds(
            line(1, "包邮吗现在", "answer:fee"),
            line(2, "周末送货吗", "suggest:a,b"),
            line(3, "怎么送货", "answer:a", payload="/ask_faq{}"),
            line(4, "嗯", "clarify"),
            line(5, "转人工", "handoff:asked_for", intent="ask_human"),
        )
        == {}
    )


def test_an_agents_longest_line_is_the_answer() -> None:
    asked = line(1, "这个壶能烧牛奶吗", "clarify")
    hello = line(3, "您好，我是小陈", author=Author.AGENT)
    answer = line(4, "不建议烧牛奶，容易糊底，奶渍也不好清洗哦。", author=Author.AGENT)
    [gap] = missed([asked, hello, answer])
    assert gap.answer == answer.body.text
    assert [one.kind for one in missed([line(2, "这个壶能烧牛奶吗"), answer])] == [Kind.HANDED_OFF]


def test_numbers_and_addresses_are_masked() -> None:
    said = masked("订单 SO20261105001 电话 138 0013 8000，邮箱 li.na@mail.example，满99包邮吗")
    assert said == "订单 #### 电话 ####，邮箱 @@，满99包邮吗"


def encode(texts: list[str]) -> NDArray[np.float32]:
    """Milk east, moon north; the same in both languages."""
    rows = [
        [1.0, 0.1 * i] if "milk" in t or "奶" in t else [0.1 * i, 1.0] for i, t in enumerate(texts)
    ]
    found = np.array(rows, np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def question(number: int, text: str, days: float) -> Missed:
    return Missed(number, text, Kind.UNANSWERED, NOW - timedelta(days=days), None, None)


def test_both_languages_are_one_gap_and_recent_ones_press_more() -> None:
    asked = [
        question(1, "能烧牛奶吗", 1), question(2, "can it boil milk", 1),
        question(3, "能送到月球吗", 20), question(4, "ship to the moon", 21), question(5, "月球", 22),
    ]  # fmt: skip
    milk, moon = clustered(asked, (), encode, NOW)
    assert {one.message_id for one in milk.questions} == {1, 2}
    assert {one.message_id for one in moon.questions} == {3, 4, 5}
    assert milk.pressure > moon.pressure


def test_what_was_dismissed_comes_back_when_it_is_asked_as_often_again() -> None:
    asked = [question(n, "能烧牛奶吗", 1) for n in (1, 2, 3)]
    assert clustered(asked, {1, 2}, encode, NOW) == []
    asked.append(question(4, "煮奶行吗", 0))
    [again] = clustered(asked, {1, 2}, encode, NOW)
    assert {one.message_id for one in again.questions} == {3, 4}
    assert again.dismissed == 2
