"""The ladder's lowest rungs: when a miss asks to rephrase, and when it hands over."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.cards import CardAnswers
from actions.faq import Decline, FaqLadder
from bot.conversations.phrases import Phrases
from bot.faq.live import LiveKnowledge
from tests.bot.faq.conftest import MeaningEncoder, write_small_faq

ROOT = Path(__file__).resolve().parents[2]
Event = dict[str, Any]


@pytest.fixture
def ladder() -> FaqLadder:
    """Return a ladder for moves that search nothing."""
    return FaqLadder(cast(LiveKnowledge, None), Phrases(ROOT / "domain.yml"))


def turn(decision: str | None) -> list[Event]:
    """Return the events of a turn with a decision recorded by an action, or none."""
    user = {"event": "user", "text": "？", "parse_data": {"intent": {"name": "nlu_fallback"}}}
    slot = {"event": "slot", "name": "decision", "value": decision}
    return [user, slot, {"event": "bot"}] if decision else [user, {"event": "bot"}]


def tracker(*decisions: str | None) -> Tracker:
    """Return a tracker with these earlier turns and a new message."""
    events = [event for decision in decisions for event in turn(decision)]
    events.append({"event": "user", "text": "？", "parse_data": {}})
    return Tracker("c1", {}, {"text": "？"}, events, False, None, {}, None)


@pytest.mark.parametrize(
    ("before", "decision"),
    [
        ([], "clarify"),
        (["answer:delivery-fee"], "clarify"),
        (["clarify"], "handoff:low_confidence"),
        (["suggest:a,b"], "clarify"),
        (["suggest:a", "clarify", "suggest:b"], "handoff:low_confidence"),
        (["clarify", "answer:a"], "clarify"),
        (["clarify", None], "clarify"),
        (["clarify", None, "suggest:b"], "clarify"),
    ],
)
def test_a_second_miss_hands_over_unless_something_helped_in_between(
    ladder: FaqLadder, before: list[str | None], decision: str
) -> None:
    events = ladder.miss(CollectingDispatcher(), tracker(*before))
    assert [e["value"] for e in events if e.get("name") == "decision"] == [decision]


@pytest.mark.parametrize(
    ("text", "before", "decision"),
    [
        ("what about red ones", "suggest:a,b", "clarify"),
        ("那红色的呢？", "answer:a", "clarify"),
        ("and in blue?", "flow:my_orders", "clarify"),
        ("what about a poem", "decline", "decline"),
        ("红色的呢", None, "decline"),
        ("你在干嘛呢", "answer:a", "decline"),
        ("sing me a song", "answer:a", "decline"),
    ],
)
async def test_what_takes_up_the_last_turn_is_not_called_off_topic(
    ladder: FaqLadder, text: str, before: str | None, decision: str
) -> None:
    found = {"best": 0.1, "answer": None, "answer_if_any": None, "suggest": []}
    message = {"text": text, "intent": {"name": "out_of_scope"}, "metadata": {"faq": found}}
    events = [*turn(before), {"event": "user", "text": text, "parse_data": {}}]
    cards = CardAnswers.__new__(CardAnswers)  # none of these has a word for a courier
    said = await Decline(ladder, cards).run(
        CollectingDispatcher(), Tracker("c1", {}, message, events, False, None, {}, None), {}
    )
    assert [e["value"] for e in said if e.get("name") == "decision"] == [decision]


@pytest.fixture
def shop(tmp_path: Path) -> FaqLadder:
    """A ladder over a small FAQ whose first record has a task, follow-ups, two links and a time."""
    folder = write_small_faq(tmp_path)
    (tmp_path / "tasks.yml").write_text("order_status: {zh: 查订单, en: Check my order}", "utf-8")
    file = folder / "delivery.yml"
    links = 'links: [{url: "https://shop.example/fees", zh: 运费表, en: Fees}'
    text = file.read_text("utf-8")
    assert links in text
    text = text.replace(links, links + ', {url: "https://b.example/", zh: 乙, en: B}').replace(
        "  - id: returns-how\n",
        "    task: order_status\n    follow_ups: [returns-how, products-size]\n"
        "  - id: returns-how\n    channels: [web]\n",
    )
    file.write_text(text, "utf-8")
    return FaqLadder(LiveKnowledge.load(folder, MeaningEncoder()), Phrases(ROOT / "domain.yml"))


def asked(language: str, channel: str, **metadata: str) -> Tracker:
    message = {"text": "？", "metadata": {"language": language, "channel": channel, **metadata}}
    return Tracker("c1", {}, message, [], False, None, {}, None)


@pytest.mark.parametrize(
    ("intent", "confidence", "answer"),
    [("ask_faq", 0.9, "a"), ("ask_faq", 0.6, None), ("product_question", 0.9, None)],
)
def test_the_best_of_the_entries_is_the_answer_only_for_what_is_surely_a_question(
    ladder: FaqLadder, intent: str, confidence: float, answer: str | None
) -> None:
    found = {"best": 0.5, "answer": None, "answer_if_any": "a", "suggest": ["a", "b"]}
    message = {
        "text": "？",
        "intent": {"name": intent, "confidence": confidence},
        "metadata": {"faq": found},
    }
    seen = ladder.search(Tracker("c1", {}, message, [], False, None, {}, None))
    assert seen == (answer, ["a", "b"], 0.5)


def test_an_answer_offers_its_task_and_what_is_asked_next(shop: FaqLadder) -> None:
    said = CollectingDispatcher()
    shop.answer(said, asked("zh", "web"), "delivery-fee")
    (message,) = said.messages
    assert [(b["title"], b["payload"]) for b in message["buttons"]] == [
        ("查订单", "/order_status"),
        ("怎么退货", '/ask_faq{"faq_id": "returns-how"}'),
        ("尺码怎么选", '/ask_faq{"faq_id": "products-size"}'),
    ]
    assert message["custom"]["link"] == {"url": "https://shop.example/fees", "title": "运费表"}
    assert message["text"].endswith("[乙](https://b.example/)")


def test_the_same_answer_twice_in_a_row_says_so_and_offers_a_person(shop: FaqLadder) -> None:
    first, again, other = (CollectingDispatcher() for _ in range(3))
    shop.answer(first, asked("zh", "telegram"), "delivery-fee")
    answer = first.messages[0]["text"]
    before = asked("zh", "telegram")
    before.events = [
        {"event": "user", "text": "包邮吗"},
        {"event": "bot", "text": answer},
        {"event": "user", "text": "包邮不"},
    ]
    shop.answer(again, before, "delivery-fee")
    (message,) = again.messages
    assert message["text"] == f"{shop.phrases.say('utter_faq_again', 'zh').text}\n\n{answer}"
    assert message["buttons"][-1]["title"] == "转人工"
    before.latest_message["metadata"]["language"] = "en"
    shop.answer(other, before, "delivery-fee")
    english = shop.knowledge.now.answer("delivery-fee", "en")
    assert other.messages[0]["text"].startswith(english)


def test_a_record_of_another_channel_is_neither_offered_nor_answered(shop: FaqLadder) -> None:
    said = CollectingDispatcher()
    shop.answer(said, asked("en", "telegram"), "delivery-fee")
    titles = [button["title"] for button in said.messages[0]["buttons"]]
    assert titles == ["Check my order", "how do I pick a size"]
    events = shop.picked(CollectingDispatcher(), asked("en", "telegram"), "returns-how")
    assert [e["value"] for e in events if e.get("name") == "decision"] == ["clarify"]
    events = shop.picked(CollectingDispatcher(), asked("en", "web"), "returns-how")
    assert [e["value"] for e in events if e.get("name") == "decision"] == ["answer:returns-how"]


def test_a_turn_is_answered_from_the_state_it_began_with(shop: FaqLadder) -> None:
    begun = shop.knowledge.now
    folder = shop.knowledge.folder
    assert folder is not None
    file = folder / "delivery.yml"
    file.write_text(file.read_text("utf-8").replace("within 7 days", "within 15 days"), "utf-8")
    shop.knowledge.publish()
    for version, days in ((begun.version, "7 days"), (shop.knowledge.now.version, "15 days")):
        said = CollectingDispatcher()
        shop.answer(said, asked("en", "web", knowledge=version), "returns-how")
        assert days in said.messages[0]["text"]
