"""Who writes in a widget: the shop's signed-in customer, and from which network address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from bot.clock import Clock, utc_now
from bot.linking.service import Links
from bot.orders.identity import Identity, SignInError
from bot.storage.conversations import Address

_log = structlog.get_logger(__name__)


class WebCustomers:
    """Takes the tokens that a shop's page passes to its widget.

    A token is shown anew with every connection, also after it is over: a proof lasts as long as
    ``identity.yml`` says. A page without one ends the proof, so that signing out of the shop signs
    out of the chat.
    """

    def __init__(self, identity: Identity, links: Links, clock: Clock = utc_now) -> None:
        self._identity = identity
        self._links = links
        self._clock = clock

    async def changed(self, conversation_id: str, token: str | None) -> bool:
        """Tell whether ``token`` names another customer than the one whom the conversation is with."""
        if not self._identity.takes_tokens or not token:
            return False
        named = self._identity.named_in(token)
        if named is None:
            return False
        before = await self._identity.last_signed_in(conversation_id)
        return before is not None and before != named

    async def sign_in(self, conversation_id: str, token: str | None, at: Address) -> str | None:
        """Take a token, or sign out where there is none; ``at`` then is no longer one with other channels.

        Returns:
            Why the token was refused, for those who build the page; the customer goes on without.
        """
        identity, now = self._identity, self._clock()
        if token:
            try:
                await identity.sign_in(conversation_id, token, now)
            except SignInError as error:
                _log.warning("customer token refused", conversation=conversation_id, why=str(error))
                return str(error)
        elif identity.takes_tokens and await identity.customer_of(conversation_id, now):
            await identity.sign_out(conversation_id)
            await self._links.leave(at)
        return None


def address_of(environ: Mapping[str, Any]) -> str | None:
    """Return the address at the other end of a connection.

    The server has put the one that a trusted proxy names (``X-Forwarded-For``) in its place already.
    """
    client = (environ.get("asgi.scope") or {}).get("client")
    return str(client[0])[:64] if client else None
