"""The FAQ's questions as training examples."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.components.faq_importer import FaqImporter, faq_questions

NLU = """version: "3.1"
nlu:
- intent: return_request
  examples: |
    - 我要退货
- intent: ask_faq
  examples: |
    - 运费多少
"""
FAQ = """category: returns
records:
  - id: returns-how
    zh: {questions: [怎么退货, 我要退货, 运费多少], answer: a}
    en: {questions: [how do I return], answer: a}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {"nlu/zh.yml": NLU, "faq/returns.yml": FAQ}.items():
        file = tmp_path / "data" / name
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path


def test_questions_of_both_languages_become_examples_of_ask_faq(project: Path) -> None:
    importer = FaqImporter(None, None, [str(project / "data")], str(project / "data/faq"))
    examples = [(e.get("text"), e.get("intent")) for e in importer.get_nlu_data().intent_examples]
    assert ("怎么退货", "ask_faq") in examples
    assert ("how do I return", "ask_faq") in examples


def test_a_text_keeps_the_intent_of_the_nlu_data_and_appears_once(project: Path) -> None:
    importer = FaqImporter(None, None, [str(project / "data")], str(project / "data/faq"))
    examples = [(e.get("text"), e.get("intent")) for e in importer.get_nlu_data().intent_examples]
    assert [e for e in examples if e[0] == "我要退货"] == [("我要退货", "return_request")]
    assert [e for e in examples if e[0] == "运费多少"] == [("运费多少", "ask_faq")]


def test_rasas_own_readers_never_see_the_faq(project: Path) -> None:
    importer = FaqImporter(None, None, str(project / "data"), str(project / "data/faq"))
    assert [Path(f).name for f in importer._nlu_files] == ["zh.yml"]


def test_a_record_of_the_wrong_shape_is_named(project: Path) -> None:
    (project / "data/faq/returns.yml").write_text("records: [{id: x, zh: {}}]", encoding="utf-8")
    with pytest.raises(ValueError, match=r"returns\.yml.*questions"):
        list(faq_questions(project / "data/faq"))
