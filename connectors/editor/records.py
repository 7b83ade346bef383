"""Looking: the list, one record, search as customers would ask, checks, previews, trying a draft."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from bot.conversations.model import Body, Button, Link
from bot.desk.brief import faq_title
from bot.editing.compare import differences
from bot.editing.faults import Phrasings, faults_of
from bot.editing.heat import Heat, heat_of_all
from bot.editing.model import Draft, RecordData, as_data
from bot.editing.parity import left_behind, thin_sides
from bot.faq.knowledge import Knowledge
from bot.faq.model import LANGUAGES, Corpus, Title
from bot.faq.texts import phrase_key
from bot.language import Language
from connectors.accounts import Editor
from connectors.base import Capabilities, degrade
from connectors.editor.parts import EditorParts, EditorRoute, problems, reply, ruled
from connectors.markdown import to_html, to_plain

_MOST_CHANGES = 10_000
# Below this probability a record has nothing to do with the question.
_WORTH_LISTING = 0.01


class RecordText(BaseModel):
    """A record as the form has it."""

    category: str = Field(max_length=64)
    record: dict[str, Any]


class Question(RecordText):
    """What to ask of a draft."""

    id: str = Field(max_length=64)
    text: str = Field(min_length=1, max_length=2000)


class Shown(BaseModel):
    """What to show in a channel."""

    record: dict[str, Any]
    language: Literal["zh", "en"]


def records_router(parts: EditorParts) -> APIRouter:
    """Return the routes that change nothing."""
    router = APIRouter(route_class=EditorRoute)

    @router.get("/records")
    async def records(_: Editor) -> JSONResponse:
        """List every record and every draft, with badges."""
        corpus = parts.knowledge.corpus
        drafts = {draft.record_id: draft for draft in await parts.drafts.all()}
        heat = await heat_of_all(parts.database)
        changes = await parts.publisher.changes(limit=_MOST_CHANGES)
        behind = left_behind(corpus.records, parts.library.pairs())
        edited = {change.record_id: change.at for change in reversed(changes)}
        phrasings = Phrasings(corpus, {i: d.record for i, d in drafts.items()}, parts.channels)
        live = {r.id: (c.category, as_data(r)) for c in corpus.categories for r in c.records}
        rows = []
        for record_id in [*live, *(i for i in drafts if i not in live)]:
            draft = drafts.get(record_id)
            category, data = live.get(record_id, ("", {}))
            shown = draft.record if draft and draft.record else data
            warm = heat.get(record_id, Heat())
            rows.append(
                {
                    "id": record_id,
                    "category": draft.category if draft else category,
                    "title": {one: _first_question(shown, one) for one in LANGUAGES},
                    "phrasings": {one: len(_questions(shown, one)) for one in LANGUAGES},
                    "asked": warm.asked,
                    "helped": warm.helped,
                    "thin": thin_sides(shown) if shown else [],
                    "behind": behind.get(record_id),
                    "edited": edited.get(record_id),
                    "draft": draft and _draft_of(draft, live=bool(data)),
                    "faults": len(faults_of(draft.record, phrasings)) if draft else 0,
                }
            )
        return reply(
            {
                "records": rows,
                "categories": [
                    {"id": category, "title": {"zh": title.zh, "en": title.en}}
                    for category, title in _categories(corpus, drafts.values()).items()
                ],
                "channels": list(parts.channels),
                "tasks": [
                    {"id": task, "title": {"zh": title.zh, "en": title.en}}
                    for task, title in corpus.tasks.items()
                ],
                "problems": problems(parts.library.problems()),
                "names": await parts.names(),
            }
        )

    @router.get("/search")
    async def search(_: Editor, q: str) -> JSONResponse:
        """Find records by their words and by meaning, and say what a customer would get now."""
        knowledge = parts.knowledge
        key = phrase_key(q[:400])
        exact = [
            record.id
            for record in knowledge.corpus.records
            if key and any(key in phrase_key(text) for text in _texts(as_data(record)))
        ]
        exact += [
            draft.record_id
            for draft in await parts.drafts.all()
            if draft.record_id not in exact
            and key
            and any(key in phrase_key(text) for text in _texts(draft.record))
        ]
        ruling = await asyncio.to_thread(knowledge.rule, q)
        nearest = await asyncio.to_thread(knowledge.search, q, 10)
        return reply(
            {
                "exact": exact,
                "near": [
                    {"id": hit.faq_id, "score": round(hit.score, 4)}
                    for hit in nearest
                    if hit.score >= _WORTH_LISTING
                ],
                "now": ruled(knowledge, ruling),
            }
        )

    @router.get("/records/{record_id}")
    async def record(_: Editor, record_id: str) -> JSONResponse:
        """Give a record with its draft, its faults and its history."""
        live = parts.publisher.live(record_id)
        draft = await parts.drafts.find(record_id)
        names = await parts.names()
        changes = await parts.publisher.changes(record_id)
        category = next(
            (
                c.category
                for c in parts.knowledge.corpus.categories
                for r in c.records
                if r.id == record_id
            ),
            draft.category if draft else "",
        )
        return reply(
            {
                "id": record_id,
                "category": draft.category if draft else category,
                "live": live,
                "draft": draft
                and {
                    "record": draft.record,
                    "version": draft.version,
                    "state": draft.state,
                    "author": names.get(draft.author, draft.author),
                    "note": draft.note,
                    "updated": draft.updated_at,
                    "outdated": draft.base != live,
                    "changes": differences(live, draft.record),
                },
                "history": [
                    {
                        "publish": change.publish_id,
                        "at": change.at,
                        "author": names.get(change.author, change.author),
                        "publisher": names.get(change.publisher, change.publisher),
                        "note": change.note,
                        "undoes": change.undoes,
                        "undoable": change.after == live,
                        "changes": differences(change.before, change.after),
                    }
                    for change in changes
                ],
            }
        )

    @router.post("/records/{record_id}/agree")
    async def agree(_: Editor, record_id: str) -> JSONResponse:
        """Say that both answers are right although only one was changed."""
        parts.knowledge.record(record_id)
        await parts.library.agree(record_id)
        return reply({"ok": True})

    @router.post("/check")
    async def check(_: Editor, text: RecordText) -> JSONResponse:
        """Say what stands against this text going live."""
        record_id = str(text.record.get("id", ""))
        drafts = {d.record_id: d.record for d in await parts.drafts.all()}
        phrasings = Phrasings(parts.knowledge.corpus, drafts | {record_id: {}}, parts.channels)
        return reply(faults_of(text.record, phrasings))

    @router.post("/preview")
    async def preview(_: Editor, shown: Shown) -> JSONResponse:
        """Give an answer as Telegram, WeChat and WeCom would show it, with the channels' own code."""
        from connectors.telegram.channel import TelegramChannel
        from connectors.wechat.channel import WeChatChannel
        from connectors.wecom.channel import capabilities_for

        body = _body(parts.knowledge, shown.record, shown.language)
        return reply(
            {
                "telegram": _parts(body, TelegramChannel.capabilities, to_html),
                "wechat": _parts(body, WeChatChannel.capabilities, to_plain),
                "wecom": _parts(body, capabilities_for(body), to_plain),
            }
        )

    @router.post("/try")
    async def attempt(_: Editor, question: Question) -> JSONResponse:
        """Ask the FAQ with this draft in it, and the live one beside it."""
        live = parts.knowledge
        draft = await asyncio.to_thread(
            parts.trials.with_drafts, {question.id: (question.category, question.record)}
        )
        rulings = await asyncio.to_thread(lambda: [k.rule(question.text) for k in (draft, live)])
        return reply({"draft": ruled(draft, rulings[0]), "live": ruled(live, rulings[1])})

    return router


def _categories(corpus: Corpus, drafts: Iterable[Draft]) -> dict[str, Title]:
    """Return every category with its names: those of the files, then those that drafts would make."""
    found = {c.category: c.title for c in corpus.categories}
    for draft in drafts:
        name = draft.category
        found.setdefault(name, draft.category_title or Title(zh=name, en=name))
    return found


def _draft_of(draft: Draft, *, live: bool) -> dict[str, Any]:
    kind = "gone" if not draft.record else "changed" if live else "new"
    return {
        "state": draft.state, "author": draft.author, "updated": draft.updated_at, "kind": kind,
        "note": draft.note,
    }  # fmt: skip


def _questions(record: RecordData, language: str) -> list[str]:
    return list((record.get(language) or {}).get("questions") or ())


def _first_question(record: RecordData, language: str) -> str:
    return next(iter(_questions(record, language)), "")


def _texts(record: RecordData) -> list[str]:
    texts = [str(record.get("id", ""))]
    for language in LANGUAGES:
        texts += [
            *_questions(record, language),
            str((record.get(language) or {}).get("answer", "")),
        ]
    return texts


def _body(knowledge: Knowledge, record: RecordData, language: Language) -> Body:
    answer = str((record.get(language) or {}).get("answer") or "").strip()
    links = [
        (str(link.get(language) or link["url"]), str(link["url"]))
        for link in record.get("links") or ()
        if isinstance(link, dict) and link.get("url")
    ]
    title, url = next(iter(links), ("", ""))
    task = knowledge.corpus.tasks.get(str(record.get("task") or ""))
    buttons = [Button(getattr(task, language), f"/{record['task']}")] if task else []
    buttons += [
        Button(getattr(faq_title(knowledge, str(i)), language), f'/ask_faq{{"faq_id": "{i}"}}')
        for i in record.get("follow_ups") or ()
    ]
    return Body(
        # As the bot says it: a message carries one link that is shown as such.
        answer + "".join(f"\n\n[{other}]({where})" for other, where in links[1:]),
        buttons=tuple(buttons),
        picture=str(record["picture"]) if record.get("picture") else None,
        link=Link(url, title) if url else None,
    )


def _parts(body: Body, capabilities: Capabilities, write: Any) -> list[dict[str, Any]]:
    return [
        {
            "text": write(part.text),
            "length": capabilities.text_length(part.text),
            "limit": capabilities.text_limit,
            "link": part.link and {"url": part.link.url, "title": part.link.title},
            "picture": part.picture,
            "buttons": [button.title for button in part.buttons],
        }
        for part in degrade(body, capabilities)
    ]
