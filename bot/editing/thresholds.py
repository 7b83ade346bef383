"""The thresholds over labelled questions: what would become of them at each point, by language.

A chosen point is written into ``calibration.json``, beside the fitted weights that give the
probabilities their meaning: a new fit sets both anew. The setting ``faq_answer_threshold`` overrules it.

Labels: lines of ``{"text", "expected"}`` in the form of ``tests/understanding``, and questions that
customers settled themselves by pressing a suggestion.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from bot.conversations.model import Author, Body
from bot.faq.calibration import Calibration
from bot.faq.knowledge import Knowledge
from bot.faq.texts import phrase_key
from bot.faq.thresholds import Labelled, Point, curve, rank_labelled
from bot.language import Language
from bot.storage.conversations import MessageRow, TurnRow
from bot.storage.engine import Database

_STEPS = 100


@dataclass(frozen=True, slots=True)
class Curve:
    """One language's points, thresholds ascending, and the ones in force."""

    language: Language
    questions: int
    answer: float
    suggest: float
    points: tuple[Point, ...]


async def settled_by_customers(database: Database) -> list[Labelled]:
    """Return questions after which the customer pressed a suggestion: the customer's own label."""
    async with database.read() as session:
        rows = await session.execute(
            select(MessageRow.conversation_id, MessageRow.body, TurnRow.decision)
            .join(TurnRow, TurnRow.message_id == MessageRow.id)
            .where(MessageRow.author == Author.CUSTOMER.value)
            .order_by(MessageRow.conversation_id, MessageRow.seq)
        )
        turns = [(row[0], Body.from_json(row[1]), row[2]) for row in rows]
    found = []
    for (one, question, offered), (other, pick, decision) in itertools.pairwise(turns):
        taken = decision.removeprefix("answer:")
        pressed = pick.payload and decision.startswith("answer:")
        if one == other and pressed and offered.startswith("suggest:") and not question.payload:
            found.append(Labelled(question.text, frozenset({taken})))
    return found


def curves(knowledge: Knowledge, questions: Sequence[Labelled]) -> list[Curve]:
    """Return one curve for each language that has questions; encodes and searches each once."""
    known = {record.id for record in knowledge.corpus.records}
    usable = [q for q in questions if phrase_key(q.text) and (not q.records or q.records & known)]
    in_force = knowledge.calibration.languages
    return [
        Curve(
            language,
            len(ranked.score),
            in_force[language].answer,
            in_force[language].suggest,
            tuple(curve(ranked, in_force[language].suggest, _STEPS)),
        )
        for language, ranked in rank_labelled(knowledge, usable).items()
    ]


def choose(file: Path, language: Language, answer: float, suggest: float) -> None:
    """Write the thresholds of one language into the calibration file, in one step.

    Raises:
        ValueError: a threshold is no share, or suggestions would begin above answers.
    """
    if not 0 <= suggest <= answer <= 1:
        raise ValueError(f"expected 0 <= suggest <= answer <= 1, got {suggest} and {answer}")
    found = Calibration.model_validate_json(file.read_text("utf-8"))
    chosen = found.languages[language].model_copy(update={"answer": answer, "suggest": suggest})
    part = file.with_suffix(".part")
    found.model_copy(update={"languages": found.languages | {language: chosen}}).save(part)
    part.replace(file)
