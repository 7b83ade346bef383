"""What stands against a draft going live names who else has the wording, and whether that is live."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.editing.faults import Phrasings, faults_of
from bot.faq.records import load_corpus

LIVE = """\
category: delivery
title: {zh: 配送, en: Delivery}
records:
  - id: fee
    zh: {questions: [包邮吗], answer: 满99元包邮。}
    en: {questions: [is shipping free], answer: Free from 99 yuan.}
"""


def draft(record_id: str, question: str) -> dict[str, Any]:
    return {
        "id": record_id,
        "zh": {"questions": [question], "answer": "好的。"},
        "en": {"questions": [f"what about {record_id}"], "answer": "Fine."},
    }


def test_a_doubled_wording_names_the_live_record_or_the_draft_that_has_it(tmp_path: Path) -> None:
    (tmp_path / "delivery.yml").write_text(LIVE, "utf-8")
    corpus = load_corpus(tmp_path)
    drafts = {"locker": draft("locker", "自提柜在哪"), "fee": draft("fee", "运费多少")}
    phrasings = Phrasings(corpus, drafts)

    def found(record_id: str, question: str) -> list[tuple[str, str]]:
        return [(f.kind, f.detail) for f in faults_of(draft(record_id, question), phrasings)]

    assert found("other", "自提柜在哪？") == [("taken_by_draft", "locker")]
    assert found("other", "运费多少") == [("taken_by_draft", "fee")]
    assert found("other", "包邮吗") == []  # the draft of "fee" gives it up
    assert found("locker", "自提柜在哪") == []
    live_only = Phrasings(corpus, {})
    told = faults_of(draft("other", "包邮吗"), live_only)
    assert [(f.path, f.kind, f.detail) for f in told] == [("zh.questions.0", "taken", "fee")]
