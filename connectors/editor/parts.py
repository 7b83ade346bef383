"""What the editor's routes share."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.accounts.accounts import Accounts
from bot.desk.brief import faq_title
from bot.editing.drafts import Drafts
from bot.editing.model import EditingError, FaultyError, StaleError, UnknownError
from bot.editing.publish import Library, Publisher
from bot.editing.trial import Trials
from bot.faq.errors import FaqError, FaqFileError, Problem, UnknownRecordError
from bot.faq.knowledge import Knowledge, Ruling
from bot.gaps.service import Gaps
from bot.storage.engine import Database
from connectors.wire import WireResponse


@dataclass(frozen=True)
class EditorParts:
    """The parts.

    ``pinned`` are thresholds that a setting fixes, by name; ``broken_share_max`` is the share of
    automatic tests that a change may break without being asked about it; ``channels`` are the names
    of those that there are.
    """

    database: Database
    accounts: Accounts
    library: Library
    drafts: Drafts
    publisher: Publisher
    trials: Trials
    gaps: Gaps
    pinned: Mapping[str, float]
    broken_share_max: float
    channels: Sequence[str]

    @classmethod
    def assemble(
        cls,
        database: Database,
        accounts: Accounts,
        library: Library,
        pinned: Mapping[str, float],
        broken_share_max: float,
        channels: Sequence[str],
    ) -> EditorParts:
        """Connect the parts."""
        drafts = Drafts(database)
        return cls(
            database, accounts, library, drafts, Publisher(database, library, drafts),
            Trials(lambda: library.knowledge), Gaps(database, lambda: library.knowledge), pinned,
            broken_share_max, channels,
        )  # fmt: skip

    @property
    def knowledge(self) -> Knowledge:
        """What is live."""
        return self.library.knowledge

    async def names(self) -> dict[str, str]:
        """Return everybody's name by login."""
        return {account.login: account.name for account in await self.accounts.everyone()}


class EditorRoute(APIRoute):
    """Answers the editor's own errors with what the page needs to help."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except FaultyError as error:
                return reply({"detail": str(error), "faults": error.faults}, 422)
            except StaleError as error:
                return reply({"detail": str(error), "who": error.who}, 409)
            except (UnknownError, UnknownRecordError) as error:
                return reply({"detail": str(error)}, 404)
            except FaqFileError as error:
                return reply({"detail": str(error), "problems": problems(error.problems)}, 422)
            except (EditingError, FaqError) as error:
                return reply({"detail": str(error)}, 422)

        return answer


def reply(data: Any, status: int = 200) -> JSONResponse:
    """Return JSON of dataclasses, enums and moments."""
    return WireResponse(data, status)


def problems(found: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return file problems with the file's name only: its folder is nobody's business."""
    return [one.to_json() | {"file": one.place.file.name} for one in found]


def ruled(knowledge: Knowledge, ruling: Ruling) -> dict[str, Any]:
    """Return a ruling as the page shows it: the verdict, and the nearest records with why."""
    return {
        "answer": ruling.answer,
        "suggest": [] if ruling.answer else ruling.suggest,
        "hits": [
            {
                "id": hit.faq_id,
                "title": faq_title(knowledge, hit.faq_id),
                "score": round(hit.score, 4),
                "phrasing": hit.phrasing.text,
            }
            for hit in ruling.hits
        ],
    }
