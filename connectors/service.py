"""What every connector calls: accept a message, and the workers and the outbox do the rest."""

from __future__ import annotations

from collections.abc import Callable

from bot.conversations.inbox import Accepted, Inbox, Reply
from bot.conversations.metrics import RECEIVED
from bot.conversations.model import Body, Inbound, State
from bot.conversations.outbox import Outbox
from bot.conversations.worker import Workers
from bot.language import Language, reply_language
from connectors.guards import Rates
from connectors.texts import ChannelTexts


class Reception:
    """Takes messages in from the channels.

    Args:
        per_minute: how many messages of one customer are worked on in a minute; 0 is no limit.
        per_address_per_minute: the same for one network address, where the channel knows it.
        per_channel_per_minute: the same for all of a channel.
        on_new: called with the conversation id of each new message.
    """

    def __init__(
        self,
        inbox: Inbox,
        workers: Workers,
        outbox: Outbox,
        texts: ChannelTexts,
        default_language: Language,
        per_minute: float,
        on_new: Callable[[str], None],
        per_address_per_minute: float = 0,
        per_channel_per_minute: float = 0,
    ) -> None:
        self._inbox = inbox
        self.workers = workers
        self.outbox = outbox
        self._texts = texts
        self._default_language: Language = default_language
        self._messages = Rates(per_minute)
        self._addresses = Rates(per_address_per_minute)
        self._channels = Rates(per_channel_per_minute)
        self._friendly_lines = Rates(1)
        self._on_new = on_new

    async def accept(self, inbound: Inbound, *, guarded: bool = True) -> Accepted:
        """Store a message once and have it answered; a repeated delivery changes nothing.

        A customer who sends more than is worked on gets one friendly line a minute; the messages
        stand in the transcript.

        Args:
            guarded: false for callers that we trust, such as other programs of the shop.
        """
        if guarded and not await self._allows(inbound):
            return await self._too_many(inbound)
        accepted = await self._inbox.accept(inbound)
        if accepted.new:
            self.workers.wake(accepted.conversation_id)
            self._on_new(accepted.conversation_id)
        return accepted

    async def note(
        self, inbound: Inbound, reply: Reply, language: Language | None = None
    ) -> Accepted:
        """Store a message that needs no turn, with what is said at once; see ``Inbox.note``."""
        if not await self._allows(inbound):
            return await self._too_many(inbound)
        accepted = await self._inbox.note(inbound, reply, language)
        if accepted.new:
            self.outbox.wake(accepted.conversation_id)
            self._on_new(accepted.conversation_id)
        return accepted

    async def _allows(self, inbound: Inbound) -> bool:
        """Tell whether one more message of the customer, their address and their channel is worked on."""
        return (
            await self._messages.allow(_customer(inbound))
            and (inbound.origin is None or await self._addresses.allow(inbound.origin))
            and await self._channels.allow(inbound.channel)
        )

    async def _too_many(self, inbound: Inbound) -> Accepted:
        say_so = await self._friendly_lines.allow(_customer(inbound))

        def reply(state: State, language: Language | None) -> list[Body]:
            spoken = reply_language(inbound.text) or language or self._default_language
            return [self._texts.say("too_many", spoken)] if say_so else []

        RECEIVED.labels(inbound.channel, "limited").inc()
        accepted = await self._inbox.note(inbound, reply)
        self.outbox.wake(accepted.conversation_id)
        self._on_new(accepted.conversation_id)
        return accepted


def _customer(inbound: Inbound) -> str:
    return f"{inbound.channel}:{inbound.user}"
