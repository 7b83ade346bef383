"""What every connector calls: accept a message, and the workers and the outbox do the rest."""

from __future__ import annotations

from bot.conversations.inbox import Accepted, Inbox
from bot.conversations.model import Inbound
from bot.conversations.worker import Workers


class Reception:
    """Takes messages in from the channels."""

    def __init__(self, inbox: Inbox, workers: Workers) -> None:
        self._inbox = inbox
        self.workers = workers

    async def accept(self, inbound: Inbound) -> Accepted:
        """Store a message once and have it answered; a repeated delivery changes nothing."""
        accepted = await self._inbox.accept(inbound)
        if accepted.new:
            self.workers.wake(accepted.conversation_id)
        return accepted
