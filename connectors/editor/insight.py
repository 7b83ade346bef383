"""What customers asked in vain, and the thresholds."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Literal

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from bot.desk.brief import faq_title
from bot.editing.thresholds import curves, settled_by_customers
from bot.faq.thresholds import Labelled, from_expected
from bot.gaps.service import Verdict
from connectors.accounts import Editor, Reviewer
from connectors.editor.parts import EditorParts, EditorRoute, reply
from connectors.guards import read_body

_MOST_LABELS_BYTES = 5_000_000


class Mark(BaseModel):
    """What became of the questions of a gap."""

    ids: list[int] = Field(min_length=1, max_length=5000)
    verdict: Verdict
    record: str | None = Field(None, max_length=64)


class Point(BaseModel):
    """Chosen thresholds of one language."""

    language: Literal["zh", "en"]
    answer: float = Field(ge=0, le=1)
    suggest: float = Field(ge=0, le=1)


def insight_router(parts: EditorParts) -> APIRouter:
    """Return the routes of the two pages."""
    router = APIRouter(route_class=EditorRoute)

    @router.get("/gaps")
    async def gaps(_: Editor) -> JSONResponse:
        """List what was asked in vain, the most pressing first."""
        return reply(
            [
                {
                    "ids": gap.ids,
                    "examples": gap.examples[:8],
                    "times": gap.times,
                    "kinds": gap.kinds,
                    "last": gap.last,
                    "pressure": gap.pressure,
                    "dismissed": gap.dismissed,
                    "answer": gap.answer,
                    "nearest": [
                        {
                            "id": hit.faq_id,
                            "score": round(hit.score, 4),
                            "title": faq_title(parts.knowledge, hit.faq_id),
                        }
                        for hit in gap.nearest
                    ],
                }
                for gap in await parts.gaps.pressing()
            ]
        )

    @router.post("/gaps/mark")
    async def mark(who: Editor, mark: Mark) -> JSONResponse:
        """Remember a verdict."""
        await parts.gaps.mark(mark.ids, mark.verdict, who.login, mark.record)
        return reply({"ok": True})

    @router.get("/thresholds")
    async def settled(_: Editor) -> JSONResponse:
        """Give the curves on questions that customers settled themselves."""
        return await _curves(parts, await settled_by_customers(parts.database))

    @router.post("/thresholds/measure")
    async def measure(_: Editor, request: Request) -> JSONResponse:
        """Give the curves on a file of labelled questions, one JSON object a line."""
        raw = await read_body(request, _MOST_LABELS_BYTES)
        labels = [label for label in map(_label, _lines(raw)) if label is not None]
        return await _curves(parts, labels)

    @router.post("/thresholds/choose")
    async def choose_point(_: Reviewer, point: Point) -> JSONResponse:
        """Write the thresholds of one language, and let them count at once."""
        if parts.pinned:
            fixed = ", ".join(parts.pinned)
            raise HTTPException(409, f"a setting fixes {fixed}; remove it first")
        try:
            await parts.library.calibrate(point.language, point.answer, point.suggest)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        return reply({"ok": True})

    return router


async def _curves(parts: EditorParts, labels: list[Labelled]) -> JSONResponse:
    found = await asyncio.to_thread(curves, parts.knowledge, labels)
    return reply({"labels": len(labels), "curves": found, "pinned": parts.pinned})


def _lines(raw: bytes) -> list[tuple[int, str]]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise HTTPException(422, "expected a file in UTF-8") from error
    return [(n, line) for n, line in enumerate(text.splitlines(), start=1) if line.strip()]


def _label(numbered: tuple[int, str]) -> Labelled | None:
    number, line = numbered
    try:
        row: Any = json.loads(line)
        expected = row["expected"]
        wanted = [expected] if isinstance(expected, str) else [str(one) for one in expected]
        return from_expected(str(row["text"]), wanted)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        form = '{"text": "…", "expected": ["answer:cod-fee"]}'
        raise HTTPException(422, f"line {number}: expected {form}, got {line[:80]}") from error
