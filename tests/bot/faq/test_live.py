"""Editing while customers ask: what is published is complete, what is broken is not, turns keep their state."""

from __future__ import annotations

import asyncio
import gc
import random
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clock import SHOP_ZONE
from bot.faq.authoring import Author
from bot.faq.errors import UnknownRecordError
from bot.faq.knowledge import Knowledge
from bot.faq.live import LiveKnowledge
from bot.faq.model import Record
from bot.faq.news import News, write_news
from bot.faq.proving import Kind, Outcome, prove, trials
from bot.faq.watching import Watcher
from tests.bot.faq.conftest import MeaningEncoder


@pytest.fixture
def live(folder: Path, encoder: MeaningEncoder, tmp_path: Path) -> LiveKnowledge:
    return LiveKnowledge.load(folder, encoder, tmp_path / "cache")


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def edited(record: Record, **changes: object) -> Record:
    return Record.model_validate({**record.plain(), **changes})


def test_publishing_encodes_only_what_changed(
    live: LiveKnowledge, folder: Path, encoder: MeaningEncoder
) -> None:
    before = live.now
    encoder.encoded.clear()
    replace(folder / "delivery.yml", "- postage", "- what about postage")
    status = live.publish()
    assert encoder.encoded == ["what about postage"]
    assert (status.problems, status.version) == ((), live.now.version)
    assert live.now.version != before.version
    assert live.now.search("what about postage")[0].faq_id == "delivery-fee"
    encoder.encoded.clear()
    live.publish()
    assert encoder.encoded == []


@pytest.mark.parametrize("settle", [False, True])
def test_edits_end_in_what_loading_anew_gives(
    live: LiveKnowledge, folder: Path, encoder: MeaningEncoder, settle: bool
) -> None:
    """After records changed, came, moved and went, every score is that of an index made from scratch."""
    author = Author(folder)
    for step in range(4):
        one = author.read("products-size" if step % 2 else "delivery-fee")
        side = one.record.plain()["en"]
        side["questions"] = [*side["questions"][1:], f"one more question {step} about size"]
        author.save(edited(one.record, en=side), one.version)
        if step == 1:
            new = edited(one.record, id="new-one", zh={"questions": ["全新的问法"], "answer": "新"},
                         en={"questions": ["brand new"], "answer": "new"})  # fmt: skip
            author.create(new, "delivery")
        if step == 2:
            author.delete("returns-how", author.read("returns-how").version)
            author.move("new-one", author.read("new-one").version, "products")
        live.publish()
        if settle:
            live.settle()
            assert live.now.index.edits == 0
    anew = Knowledge.load(folder, encoder)
    assert live.now.corpus == anew.corpus
    for text in ("包邮吗", "size", "brand new", "全新的", "手机壳 iphone 15", "退货", "今天天气"):
        for one_hit, other in zip(live.now.search(text, 5), anew.search(text, 5), strict=True):
            assert one_hit.faq_id == other.faq_id
            assert one_hit.score == pytest.approx(other.score, abs=1e-3)
            assert one_hit.evidence == pytest.approx(other.evidence, abs=1e-3)


def test_a_broken_file_keeps_the_last_good_state_and_says_what_to_mend(
    live: LiveKnowledge, folder: Path
) -> None:
    file, before = folder / "delivery.yml", live.now
    good = file.read_text("utf-8")
    replace(file, "answer: 签收后7天", "anser: 签收后15天")
    status = live.publish()
    assert live.now is before
    assert {(p.place.file, p.place.line, p.code, p.record) for p in status.problems} == {
        (file, 27, "misspelt_field", "returns-how"),
        (file, 24, "missing_field", "returns-how"),
    }
    assert status.problems[-1].mend("zh") == "改成 'answer'"
    file.write_text(good.replace("7天内", "15天内"), "utf-8")
    assert live.publish().problems == ()
    assert "15天内" in live.now.answer("returns-how", "zh")


def test_a_turn_keeps_the_state_it_began_with_and_it_goes_when_the_turn_ends(
    live: LiveKnowledge, folder: Path
) -> None:
    begun = live.now
    version = begun.version
    replace(folder / "delivery.yml", "7天内", "15天内")
    live.publish()
    assert live.version(version) is begun
    assert "7天内" in live.version(version).answer("returns-how", "zh")
    del begun
    gc.collect()
    assert live.version(version) is live.now
    assert live.version(None) is live.now


def test_records_are_found_only_in_their_time_and_on_their_channels(
    live: LiveKnowledge, folder: Path
) -> None:
    replace(folder / "delivery.yml", "  - id: returns-how\n",
            "  - id: returns-how\n    valid_from: 2026-11-01\n    valid_until: 2026-11-11\n    channels: [web]\n")  # fmt: skip
    live.publish()

    def found(channel: str | None, *when: int) -> bool:
        at = datetime(*when, tzinfo=SHOP_ZONE).astimezone(UTC)  # type: ignore[misc,arg-type]
        hits = live.now.search("怎么退货", channel=channel, at=at)
        assert sum(hit.score for hit in hits) <= 1 + 1e-9
        try:
            live.now.shown("returns-how", channel, at)
        except UnknownRecordError:
            assert all(hit.faq_id != "returns-how" for hit in hits)
            return False
        return hits[0].faq_id == "returns-how"

    assert found("web", 2026, 11, 1)
    assert found("web", 2026, 11, 11, 23, 59)
    assert found(None, 2026, 11, 5)
    assert not found("web", 2026, 10, 31, 23, 59)
    assert not found("web", 2026, 11, 12)
    assert not found("telegram", 2026, 11, 5)


async def test_saving_a_file_publishes_it(live: LiveKnowledge, folder: Path) -> None:
    published = asyncio.Event()
    loop = asyncio.get_running_loop()
    live.listen(lambda before, after: loop.call_soon_threadsafe(published.set))
    watcher = Watcher(live)
    watcher.start()
    try:
        async with asyncio.timeout(60):
            # The watch may begin a moment later than this task: save until it is noticed.
            number = 0
            while not published.is_set():
                number += 1
                stored = Author(folder).read("returns-how")
                Author(folder).save(edited(stored.record, owner=f"小王{number}"), stored.version)
                try:
                    await asyncio.wait_for(published.wait(), 2)
                except TimeoutError:
                    continue
    finally:
        await watcher.close()
    assert (live.now.record("returns-how").owner or "").startswith("小王")


def test_random_edits_under_twenty_customers_lose_no_turn_and_show_no_half_state(
    live: LiveKnowledge, folder: Path
) -> None:
    """Each edit writes one number into both answers of a record, or breaks a file, or takes it half away.

    A customer's turn must always find a record, and see in one state the same number on both sides: never
    one file of before and one of after, never a broken file's content.
    """
    rng = random.Random(3)
    files = {file: file.read_text("utf-8") for file in sorted(folder.glob("*.yml"))}
    numbered = {
        file: text.replace("¥", "{n} ¥").replace("7天内", "{n} 7天内")
        for file, text in files.items()
    }
    stop, failures, turns = threading.Event(), list[str](), [0]

    def ask(seed: int) -> None:
        mine = random.Random(seed)
        try:
            while not stop.is_set():
                state = live.now
                ruling = state.rule(
                    mine.choice(["包邮吗", "怎么退货", "size chart", "iphone15 case"])
                )
                kept = live.version(state.version)
                if not ruling.hits:
                    failures.append("found nothing")
                for hit in ruling.hits:
                    kept.answer(hit.faq_id, "zh")
                sides = [kept.answer("delivery-fee", language) for language in ("zh", "en")]
                marks = {
                    side.partition("(")[2].partition(")")[0] for side in sides if "(" in side[:40]
                }
                if "broken" in "".join(sides) or len(marks) > 1:
                    failures.append(f"half a state: {sides}")
                turns[0] += 1
        except Exception as error:
            failures.append(repr(error))

    customers = [threading.Thread(target=ask, args=(seed,)) for seed in range(20)]
    for customer in customers:
        customer.start()
    published = 0
    for step in range(40):
        file = rng.choice(list(files))
        text = numbered[file].replace("{n}", f"({step})")
        match rng.choice(["good", "good", "broken", "half", "gone", "same"]):
            case "broken":
                file.write_text(text.replace("answer:", "answer: broken: ", 1), "utf-8")
            case "half":
                file.write_text(text[: rng.randrange(len(text))] + "\n  - id: [broken", "utf-8")
            case "gone":
                file.write_text("", "utf-8")
            case "good":
                Author(folder).put(file, text)
        before = live.now.version
        live.publish()
        published += live.now.version != before
    stop.set()
    for customer in customers:
        customer.join()
    assert failures == []
    assert turns[0] > 100
    assert published >= 5


def test_trials_say_what_a_record_would_lose(live: LiveKnowledge, folder: Path) -> None:
    before = live.now
    own = [t for t in trials(before, ["delivery-fee"]) if t.kind is Kind.PHRASING]
    assert {t.text for t in own} == {p.text for p in before.corpus.phrasings if p.record == 0}
    assert all(t.meant == "delivery-fee" for t in own)
    replace(folder / "delivery.yml", "- 怎么退货", "- 怎么退货\n        - 邮费谁出，包邮吗亲")
    live.publish()
    proof = prove(before, live.now)
    assert {t.record for t in proof.trials} == {"returns-how"}
    broken = {t.text: t for t in proof.broken}
    assert broken["邮费谁出，包邮吗亲"].outcome in (Outcome.WRONG, Outcome.MISSED)
    assert broken["邮费谁出，包邮吗亲"].found == "delivery-fee"
    assert 0 < proof.broken_share <= 1
    near = [t for t in proof.trials if t.kind is Kind.NEAR_MISS]
    assert near
    assert all(t.meant != "returns-how" for t in near)


def test_the_terminal_hears_once_what_is_wrong_and_that_it_is_mended(
    live: LiveKnowledge, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "status.json"
    write_news(file, live.publish())
    news = News(file, "zh")
    assert news.lines() == []
    good = (folder / "delivery.yml").read_text("utf-8")
    replace(folder / "delivery.yml", "answer: 签收后7天", "anser: 签收后7天")
    write_news(file, live.publish())
    told = news.lines()
    assert any(
        f"{folder / 'delivery.yml'}:27:7: 不认识字段 'anser'；改成 'answer'" in t for t in told
    )
    assert news.lines() == []
    (folder / "delivery.yml").write_text(good, "utf-8")
    write_news(file, live.publish())
    assert news.lines() == ["FAQ 文件没有错误了。"]
    replace(folder / "delivery.yml", "签收后7天", "签收后15天")
    write_news(file, live.publish())
    assert [line.startswith("FAQ 已更新") for line in news.lines()] == [True]
