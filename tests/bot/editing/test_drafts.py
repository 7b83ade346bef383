"""A draft is never overwritten by somebody who has not seen it."""

from __future__ import annotations

import asyncio

import pytest

from bot.editing.drafts import NOBODY_YET, Drafts
from bot.editing.model import DraftState, EditingError, StaleError, UnknownError
from bot.storage.engine import Database

FEE = {"id": "fee", "zh": {"questions": ["包邮吗"], "answer": "包邮"}}


async def test_a_save_from_an_older_version_gets_the_newer_text_instead(database: Database) -> None:
    drafts = Drafts(database)
    first = await drafts.save("fee", "delivery", FEE, NOBODY_YET, "ann", {})
    second = await drafts.save("fee", "delivery", FEE | {"picture": "x"}, first.version, "ann")
    with pytest.raises(StaleError) as caught:
        await drafts.save("fee", "delivery", FEE, first.version, "bob")
    assert caught.value.theirs == second.record
    assert (caught.value.version, caught.value.who) == (second.version, "ann")
    assert await drafts.save("fee", "delivery", FEE, caught.value.version, "bob")


async def test_of_two_first_saves_at_once_one_is_told_of_the_other(database: Database) -> None:
    drafts = Drafts(database)
    results = await asyncio.gather(
        *(drafts.save("fee", "delivery", FEE, NOBODY_YET, who, {}) for who in ("ann", "bob")),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["Draft", "StaleError"]


async def test_a_change_after_the_review_was_asked_for_needs_another_one(
    database: Database,
) -> None:
    drafts = Drafts(database)
    draft = await drafts.save("fee", "delivery", FEE, NOBODY_YET, "ann", {})
    await drafts.submit(["fee"], "请看")
    [waiting] = await drafts.all()
    assert (waiting.state, waiting.note) == (DraftState.REVIEW, "请看")
    changed = await drafts.save("fee", "delivery", FEE, draft.version, "ann")
    assert changed.state is DraftState.DRAFT
    await drafts.discard(["fee"])
    assert await drafts.find("fee") is None


async def test_nonsense_is_refused(database: Database) -> None:
    drafts = Drafts(database)
    with pytest.raises(EditingError, match="expected the id"):
        await drafts.save("other", "delivery", FEE, NOBODY_YET, "ann", {})
    with pytest.raises(UnknownError):
        await drafts.submit(["nothing"], "")
