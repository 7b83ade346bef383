"""Working: drafts, review, publishing, undo, and what a change would win and lose."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from bot.accounts import audit
from bot.accounts.model import Right
from bot.desk.brief import faq_title
from bot.editing.compare import differences, merge
from bot.editing.impact import Outcome, compare, recorded_questions
from bot.editing.importing import import_drafts
from bot.editing.model import RecordData, StaleError, UnknownError, as_data
from bot.editing.past import Past, past
from bot.faq.knowledge import Knowledge
from connectors.accounts import Editor, Reviewer
from connectors.editor.parts import EditorParts, EditorRoute, reply
from connectors.guards import read_body

_Id = Annotated[str, Path(max_length=64, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
_SHOWN = 100
# Of one publish so many records are shown with what changed in them.
_MOST_DIFFS = 30
_COMMIT_CHARS = 9
_MOST_IMPORT_BYTES = 20_000_000
# Where rows go that name no category.
_IMPORTED = "imported"


class Save(BaseModel):
    """A draft as the form has it; ``opened`` is what the form showed before it was changed."""

    category: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)
    record: dict[str, Any]
    opened: dict[str, Any]
    version: int = Field(ge=0)
    rebase: bool = False


class Chosen(BaseModel):
    """Some drafts, and what to say about them."""

    ids: list[str] = Field(min_length=1, max_length=5000)
    note: str = Field("", max_length=400)
    confirmed: bool = False


class Note(BaseModel):
    """What is to be mended."""

    note: str = Field("", max_length=400)


def work_router(parts: EditorParts) -> APIRouter:
    """Return the routes that change drafts and what is live."""
    router = APIRouter(route_class=EditorRoute)

    @router.put("/drafts/{record_id}")
    async def save(who: Editor, record_id: _Id, form: Save) -> JSONResponse:
        """Keep a draft; answers 409 with a merge when somebody else has saved meanwhile."""
        live = parts.publisher.live(record_id)
        known = await parts.drafts.find(record_id)
        if known is None and form.version == 0 and form.opened != live and not form.rebase:
            # The files have changed under the open form.
            return _to_merge(form.opened, form.record, live, 0, "")
        try:
            base = live if known is None or form.rebase else None
            draft = await parts.drafts.save(
                record_id, form.category, form.record, form.version, who.login, base
            )
        except StaleError as error:
            names = await parts.names()
            who_else = names.get(error.who, error.who)
            return _to_merge(form.opened, form.record, error.theirs, error.version, who_else)
        return reply({"version": draft.version})

    @router.post("/drafts/{record_id}/rebase")
    async def rebase(_: Editor, record_id: _Id) -> JSONResponse:
        """Merge what has changed in the files since a draft was begun; nothing is saved yet."""
        draft = await parts.drafts.find(record_id)
        if draft is None:
            raise UnknownError(f"there is no draft of {record_id!r}")
        live = parts.publisher.live(record_id)
        return _to_merge(draft.base, draft.record, live, draft.version, "", status=200)

    @router.post("/drafts/submit")
    async def submit(_: Editor, chosen: Chosen) -> JSONResponse:
        """Send drafts for review."""
        await parts.drafts.submit(chosen.ids, chosen.note)
        return reply({"ok": True})

    @router.post("/drafts/discard")
    async def discard(_: Editor, chosen: Chosen) -> JSONResponse:
        """Forget drafts."""
        await parts.drafts.discard(chosen.ids)
        return reply({"ok": True})

    @router.post("/drafts/{record_id}/send-back")
    async def send_back(_: Reviewer, record_id: _Id, note: Note) -> JSONResponse:
        """Give a draft back to its author."""
        await parts.drafts.send_back(record_id, note.note)
        return reply({"ok": True})

    @router.post("/import")
    async def import_table(
        who: Editor, request: Request, name: Annotated[str, Query(max_length=200)]
    ) -> JSONResponse:
        """Make drafts of a table; nothing goes live."""
        raw = await read_body(request, _MOST_IMPORT_BYTES)
        corpus = parts.knowledge.corpus
        with tempfile.TemporaryDirectory() as folder:
            file = FilePath(folder) / FilePath(name).name
            await asyncio.to_thread(file.write_bytes, raw)
            report = await import_drafts(
                file, corpus, parts.publisher.live, parts.drafts, who.login, _IMPORTED
            )
        skipped, notes = (
            [
                {"line": p.place.line, **{k: p.to_json()[k] for k in ("message", "mend")}}
                for p in problems
            ]
            for problems in (report.skipped, report.notes)
        )
        return reply(
            {
                "added": report.added, "changed": report.changed, "same": report.same,
                "faulty": report.faulty, "skipped": skipped, "notes": notes,
            }
        )  # fmt: skip

    @router.post("/impact")
    async def impact(_: Editor, chosen: Chosen) -> JSONResponse:
        """Say what these drafts win and lose on last month's questions."""
        drafts = await _drafted(parts, chosen.ids)
        questions = await recorded_questions(parts.database)
        live = parts.knowledge
        draft = await asyncio.to_thread(parts.trials.with_drafts, drafts)
        parts.library.prepare(draft)
        found = await asyncio.to_thread(compare, questions, live, draft)
        tested = await asyncio.to_thread(parts.trials.tested, drafts)
        proof = tested.proof
        counts: dict[str, int] = {}
        for one in found:
            counts[one.effect] = counts.get(one.effect, 0) + one.question.times
        return reply(
            {
                "questions": len(questions),
                "asked": sum(one.times for one in questions),
                "counts": counts,
                "tests": {
                    "records": tested.records,
                    "changed": tested.changed,
                    "trials": len(proof.trials),
                    "confirm": proof.broken_share > parts.broken_share_max,
                    "broken": [
                        {
                            "text": one.text,
                            "meant": faq_title(draft, one.meant),
                            "found": one.found and faq_title(draft, one.found),
                            "outcome": one.outcome,
                        }
                        for one in proof.broken[:_SHOWN]
                    ],
                },
                "differences": [
                    {
                        "text": one.question.text,
                        "times": one.question.times,
                        "effect": one.effect,
                        "before": _told(live, one.before),
                        "after": _told(draft, one.after),
                    }
                    for one in found[:_SHOWN]
                ],
            }
        )

    @router.post("/publish")
    async def publish(who: Reviewer, chosen: Chosen) -> JSONResponse:
        """Make drafts live; what breaks too many of its automatic tests must be confirmed."""
        if not chosen.confirmed:
            drafts = await _drafted(parts, chosen.ids)
            tested = await asyncio.to_thread(parts.trials.tested, drafts)
            if tested.proof.broken_share > parts.broken_share_max:
                raise HTTPException(409, "too many automatic tests fail: confirm to publish anyway")
        made = await parts.publisher.publish(chosen.ids, who, chosen.note)
        await _note(parts, who.login, "publish", made, len(chosen.ids))
        return reply({"publish": made, "records": len(chosen.ids)})

    @router.get("/history")
    async def history(_: Editor) -> JSONResponse:
        """List what went live, the newest first, one entry for each press of publish."""
        names = await parts.names()
        changes = await parts.publisher.changes(limit=2000)
        undone = {change.undoes for change in changes}
        live = {r.id: as_data(r) for r in parts.knowledge.corpus.records}
        entries = (await past(changes, parts.library.repository))[:_SHOWN]
        return reply([_entry(entry, names, live, undone) for entry in entries])

    @router.post("/history/{publish_id}/undo")
    async def undo(who: Reviewer, publish_id: str) -> JSONResponse:
        """Take a publish back."""
        made = await parts.publisher.undo(publish_id, who)
        await _note(parts, who.login, "undo", made, 1)
        return reply({"publish": made})

    @router.get("/me")
    async def me(who: Editor) -> JSONResponse:
        """Say what this person may do here."""
        if not who.may(Right.EDIT):
            raise HTTPException(403)
        return reply(
            {"login": who.login, "name": who.name, "language": who.language,
             "publishes": who.may(Right.PUBLISH)}
        )  # fmt: skip

    return router


def _entry(
    entry: Past, names: dict[str, str], live: dict[str, RecordData], undone: set[str | None]
) -> dict[str, Any]:
    return {
        "publish": entry.publish_id,
        "at": entry.at,
        "publisher": names.get(entry.who, entry.who),
        "note": entry.note,
        "undoes": entry.undoes,
        "commit": entry.commit and entry.commit[:_COMMIT_CHARS],
        "undone": entry.publish_id in undone,
        "undoable": all(c.after == live.get(c.record_id, {}) for c in entry.changes),
        "count": len(entry.changes),
        "records": [
            {
                "id": change.record_id,
                "author": names.get(change.author, change.author),
                "title": _title(change.after or change.before),
                "changes": differences(change.before, change.after),
            }
            for change in entry.changes[:_MOST_DIFFS]
        ],
    }


def _to_merge(
    opened: RecordData,
    mine: RecordData,
    theirs: RecordData,
    version: int,
    who: str,
    status: int = 409,
) -> JSONResponse:
    merged = merge(opened, mine, theirs)
    return reply(
        {
            "detail": "somebody else has changed this record",
            "who": who,
            "version": version,
            "theirs": theirs,
            "merged": merged.record,
            "conflicts": merged.conflicts,
            "changes": differences(opened, theirs),
        },
        status,
    )


def _told(knowledge: Knowledge, outcome: Outcome) -> dict[str, Any]:
    ids = [outcome.answer] if outcome.answer else outcome.suggest
    return {
        "kind": "answer" if outcome.answer else "suggest" if outcome.suggest else "none",
        "titles": [faq_title(knowledge, i) for i in ids if i],
        "ids": ids,
        "score": round(outcome.score, 3),
    }


def _title(record: RecordData) -> dict[str, str]:
    return {
        language: next(iter((record.get(language) or {}).get("questions") or ()), "")
        for language in ("zh", "en")
    }


async def _drafted(parts: EditorParts, ids: list[str]) -> dict[str, tuple[str, RecordData]]:
    wanted = set(ids)
    drafts = {
        draft.record_id: (draft.category, draft.record)
        for draft in await parts.drafts.all()
        if draft.record_id in wanted
    }
    if not drafts:
        raise UnknownError("none of these has a draft")
    return drafts


async def _note(parts: EditorParts, who: str, action: str, publish: str, records: int) -> None:
    async with parts.database.write() as session:
        audit.note(session, who, action, publish=publish, records=records)
