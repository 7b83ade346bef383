"""Passive replies: WeChat holds its request open for five seconds, and what we return is shown.

While a request waits, what the outbox delivers to its customer goes into it instead of into a
customer-service message, which would count.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict, defaultdict

from connectors.wechat.cards import Content

# WeChat repeats an unanswered request twice, 5 s apart; after that nobody asks for its answer.
_TRIES = 3
# The third begins 10 s after the message; its time is in whole seconds.
_LAST_TRY_AFTER_S = 9.0
_ANSWERS_REMEMBERED = 10_000
_RESPONDED_WITHIN_S = 5.0


class Waiting:
    """One message whose request (or its repetition) is open.

    Attributes:
        settling: the answer is being noted down and will be there in a moment.
        closed: no request is open any more.
        responded: the response with the answer was written.
    """

    def __init__(self, message_id: str) -> None:
        self.message_id = message_id
        self.settling = False
        self.closed = False
        self.answer: asyncio.Future[Content] = asyncio.get_running_loop().create_future()
        self.responded = asyncio.Event()
        self.requests = 0

    def take(self, content: Content) -> bool:
        """Answer with ``content``; false when it is too late."""
        if self.closed or self.answer.done():
            return False
        self.answer.set_result(content)
        return True


class PassiveReplies:
    """The open requests, by customer and message.

    Attributes:
        are_the_only_way: the account may not send customer-service messages.
    """

    def __init__(self) -> None:
        self._open: defaultdict[str, OrderedDict[str, Waiting]] = defaultdict(OrderedDict)
        self._answered: OrderedDict[str, Content] = OrderedDict()
        self._asked: OrderedDict[str, int] = OrderedDict()
        self.are_the_only_way = False

    def is_last_try(self, message_id: str, age_s: float) -> bool:
        """Count a request; true when WeChat will not ask for this message again.

        Args:
            age_s: how long ago WeChat got the message, for tries that an earlier process has seen.
        """
        self._asked[message_id] = self._asked.get(message_id, 0) + 1
        if len(self._asked) > _ANSWERS_REMEMBERED:
            self._asked.popitem(last=False)
        return self._asked[message_id] >= _TRIES or age_s >= _LAST_TRY_AFTER_S

    def enter(self, user: str, message_id: str) -> Waiting:
        """Note that a request for this message is open; a repeated one shares the answer."""
        waiting = self._open[user].setdefault(message_id, Waiting(message_id))
        waiting.requests += 1
        if message_id in self._answered and not waiting.answer.done():
            # Our answer got lost on its way, else WeChat would not ask again.
            waiting.answer.set_result(self._answered[message_id])
        return waiting

    def leave(self, user: str, message_id: str) -> Content | None:
        """Return the answer for a request that is about to be responded to, if there is one."""
        waiting = self._open[user][message_id]
        waiting.requests -= 1
        answer = waiting.answer.result() if waiting.answer.done() else None
        if answer is not None:
            self._answered[message_id] = answer
            if len(self._answered) > _ANSWERS_REMEMBERED:
                self._answered.popitem(last=False)
        if not waiting.requests:
            waiting.closed = True
            del self._open[user][message_id]
            if not self._open[user]:
                del self._open[user]
        return answer

    def open_for(self, user: str, message_id: str | None) -> Waiting | None:
        """Return the request of this message while it waits for an answer.

        Only its own answer may go into it: if the response gets lost, WeChat asks again for that
        message, and whatever else was in the response would come after what followed it.
        """
        waiting = self._open.get(user, OrderedDict()).get(message_id or "")
        usable = waiting is not None and not waiting.closed and not waiting.answer.done()
        return waiting if usable else None

    def give_up(self, user: str, message_id: str) -> None:
        """Let nothing more go into the requests of a message: WeChat has left them behind."""
        waiting = self._open.get(user, OrderedDict()).get(message_id)
        if waiting is not None:
            waiting.closed = True

    async def written(self, waiting: Waiting) -> bool:
        """Wait until the response with an answer is written; false when its request broke off.

        What is sent next can't overtake it then, and WeChat will not be given it when it asks again.
        """
        try:
            async with asyncio.timeout(_RESPONDED_WITHIN_S):
                await waiting.responded.wait()
        except TimeoutError:
            self._answered.pop(waiting.message_id, None)
            return False
        return True

    async def responded(self, user: str) -> None:
        """Wait until the answers are written that WeChat asked for again."""
        for waiting in list(self._open.get(user, OrderedDict()).values()):
            if waiting.answer.done():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_RESPONDED_WITHIN_S):
                        await waiting.responded.wait()
