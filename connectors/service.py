"""What every connector calls: accept a message, and the workers and the outbox do the rest."""

from __future__ import annotations

from collections.abc import Callable

from bot.conversations.inbox import Accepted, Inbox
from bot.conversations.model import Inbound
from bot.conversations.worker import Workers


class Reception:
    """Takes messages in from the channels.

    Args:
        on_new: called with the conversation id of each new message.
    """

    def __init__(self, inbox: Inbox, workers: Workers, on_new: Callable[[str], None]) -> None:
        self._inbox = inbox
        self.workers = workers
        self._on_new = on_new

    async def accept(self, inbound: Inbound) -> Accepted:
        """Store a message once and have it answered; a repeated delivery changes nothing."""
        accepted = await self._inbox.accept(inbound)
        if accepted.new:
            self.workers.wake(accepted.conversation_id)
            self._on_new(accepted.conversation_id)
        return accepted
