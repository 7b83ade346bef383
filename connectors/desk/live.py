"""The desk's live side: Socket.IO namespace ``/desk``.

server -> page: ``rows`` ``{"changed": [...], "gone": [...]}``; ``lines`` ``{"id", "lines": [...]}`` with the
newest lines when the open conversation has something new; ``cases``: see ``case_count``; ``viewers``
``{"id", "viewers": [{"login", "name", "typing"}]}``.
page -> server: ``open`` ``{"id"}`` (or null), ``typing`` ``{"on"}``.

A page that was away asks for the lists anew when it is back, so nothing depends on an event arriving.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import socketio

from bot.accounts.accounts import Accounts
from bot.accounts.model import Account, Right
from bot.background import Background
from bot.desk.board import BoardRow
from bot.desk.feed import Service
from bot.desk.view import Line
from connectors.accounts import same_host, token_of
from connectors.wire import wire

NAMESPACE = "/desk"
EVERYBODY = "everybody"
# A session that ended elsewhere, or a disabled account, loses its live updates after so long.
_RECHECK_EVERY_S = 30.0


class Customers(Protocol):
    """What the desk tells a customer outside the transcript."""

    async def show_service(self, conversation_id: str, service: Service) -> None:
        """Show who answers now, or the place in the queue."""

    async def show_typing(self, conversation_id: str, on: bool) -> None:
        """Show or hide that the agent is typing."""


@dataclass
class _Page:
    """One open page: who, with which session, looking at what."""

    token: str
    account: Account
    conversation_id: str | None = None
    typing: bool = False


class DeskLive:
    """Everybody's open pages.

    Args:
        holds: whether a conversation is with somebody, by its id and their login.
        looks: notes that they look at it; false when there is no such conversation.
        newest: the newest lines of a conversation.
    """

    def __init__(
        self,
        server: socketio.AsyncServer,
        accounts: Accounts,
        customers: Customers,
        holds: Callable[[str, str], Awaitable[bool]],
        looks: Callable[[str, str], Awaitable[bool]],
        newest: Callable[[str], Awaitable[list[Line]]],
    ) -> None:
        self._server = server
        self._accounts = accounts
        self._customers = customers
        self._holds = holds
        self._looks = looks
        self._newest = newest
        self._pages: dict[str, _Page] = {}
        self._background = Background(self._recheck)
        for handler in (self._on_connect, self._on_disconnect, self._on_open, self._on_typing):
            server.on(handler.__name__.removeprefix("_on_"), handler, namespace=NAMESPACE)

    def start(self) -> None:
        """Begin to look after the pages' sessions."""
        self._background.start()

    async def close(self) -> None:
        """Stop."""
        await self._background.close()

    def online(self) -> set[str]:
        """Return the logins with an open page."""
        return {page.account.login for page in self._pages.values()}

    async def on_rows(self, changed: Sequence[BoardRow], gone: Sequence[str]) -> None:
        """Tell every page which rows changed."""
        if self._pages:
            await self._emit("rows", {"changed": wire(changed), "gone": gone}, EVERYBODY)

    async def on_lines(self, conversation_id: str) -> None:
        """Give what is new to the pages that show this conversation: they need not come and ask first."""
        if any(page.conversation_id == conversation_id for page in self._pages.values()):
            lines = wire(await self._newest(conversation_id))
            event = {"id": conversation_id, "lines": lines}
            await self._emit("lines", event, _room(conversation_id))

    async def on_service(self, conversation_id: str, service: Service) -> None:
        """Tell the customer who answers now."""
        await self._customers.show_service(conversation_id, service)

    async def _on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        if not same_host(environ.get("HTTP_ORIGIN"), environ.get("HTTP_HOST")):
            raise socketio.exceptions.ConnectionRefusedError("foreign origin")
        token = token_of(environ.get("HTTP_COOKIE"))
        account = await self._accounts.signed_in(token)
        if token is None or account is None or not account.may(Right.TALK):
            raise socketio.exceptions.ConnectionRefusedError("sign in first")
        self._pages[sid] = _Page(token, account)
        await self._server.enter_room(sid, EVERYBODY, namespace=NAMESPACE)

    async def _on_disconnect(self, sid: str, _reason: Any = None) -> None:
        page = self._pages.pop(sid, None)
        if page is not None and page.conversation_id is not None:
            await self._show_typing(page, False)
            await self._show_viewers(page.conversation_id)

    async def _on_open(self, sid: str, data: Any) -> None:
        page = self._pages.get(sid)
        wanted = data.get("id") if isinstance(data, dict) else None
        if page is None or page.conversation_id == wanted:
            return
        before, page.conversation_id = page.conversation_id, wanted
        if before is not None:
            await self._show_typing(page, False)
            await self._server.leave_room(sid, _room(before), namespace=NAMESPACE)
            await self._show_viewers(before)
        # Its lines come by themselves from now on: that is a look too, whatever else the page asks for.
        if isinstance(wanted, str) and await self._looks(wanted, page.account.login):
            if page.conversation_id != wanted:
                return  # another one was opened meanwhile
            await self._server.enter_room(sid, _room(wanted), namespace=NAMESPACE)
            await self._show_viewers(wanted)

    async def _on_typing(self, sid: str, data: Any) -> None:
        page = self._pages.get(sid)
        if page is None or page.conversation_id is None or not isinstance(data, dict):
            return
        await self._show_typing(page, bool(data.get("on")))

    async def _show_typing(self, page: _Page, on: bool) -> None:
        conversation_id = page.conversation_id
        if conversation_id is None or page.typing == on:
            return
        page.typing = on
        if await self._holds(conversation_id, page.account.login):
            await self._customers.show_typing(conversation_id, on)
        await self._show_viewers(conversation_id)

    async def _show_viewers(self, conversation_id: str) -> None:
        viewers: dict[str, dict[str, Any]] = {}
        for page in self._pages.values():
            if page.conversation_id == conversation_id:
                account = page.account
                shown = viewers.setdefault(
                    account.login, {"login": account.login, "name": account.name, "typing": False}
                )
                shown["typing"] |= page.typing
        await self._emit(
            "viewers",
            {"id": conversation_id, "viewers": list(viewers.values())},
            _room(conversation_id),
        )

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(_RECHECK_EVERY_S)
            for sid, page in list(self._pages.items()):
                account = await self._accounts.signed_in(page.token)
                if account is None or not account.may(Right.TALK):
                    await self._server.disconnect(sid, namespace=NAMESPACE)

    async def _emit(self, event: str, data: Any, room: str) -> None:
        await self._server.emit(event, data, room=room, namespace=NAMESPACE)


def _room(conversation_id: str) -> str:
    return f"conversation:{conversation_id}"
