"""The Telegram channel: starts polling or the webhook, sends messages within Telegram's limits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Coroutine

import structlog
from fastapi import APIRouter
from telegram import (
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    ReplyParameters,
    Update,
)
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, ChatMigrated, RetryAfter, TelegramError
from telegram.ext import AIORateLimiter, ExtBot
from telegram.request import HTTPXRequest

from bot.conversations.model import Attachment, Body, FileKind
from bot.conversations.outbox import Delivery
from bot.conversations.outbox import RetryAfter as Wait
from connectors.base import Capabilities, Connector
from connectors.guards import Rates
from connectors.markdown import to_html, to_plain
from connectors.registry import Fittings
from connectors.service import Reception
from connectors.telegram.buttons import ButtonSigner
from connectors.telegram.errors import seconds_of, translate
from connectors.telegram.intake import CHANNEL, Intake, chat_of
from connectors.telegram.polling import poll
from connectors.telegram.sequence import Sequence
from connectors.telegram.webhook import (
    PATH,
    keep_webhook,
    secret_of,
    set_webhook,
    webhook_router,
)

_log = structlog.get_logger(__name__)

_POLL_WAIT_S = 50
_READ_TIMEOUT_S = 15.0
# "avoid sending more than one message per second" in one chat (Bots FAQ).
_CHAT_EVERY_S = 1.0
_CHATS_REMEMBERED = 20_000
# Most answers are there before a typing sign would be; it lasts 5 s (Bot API, sendChatAction).
_TYPING_AFTER_S = 0.7
_TYPING_EVERY_S = 4.5
_CAPTION_LIMIT = 1024
# A wrong token or a long outage needs no more than a look a minute.
_LONGEST_PAUSE_S = 60.0


def utf16_length(text: str) -> int:
    """Return the length of ``text`` as Telegram counts it, in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def telegram_limits() -> AIORateLimiter:
    """Return Telegram's published limits: 30 messages a second in all, 20 a minute in one group.

    A bucket lets its whole size through at once and what leaks meanwhile on top, so its size and
    its leak together make what may pass: 25 in any second, so that a network that holds messages
    back for a moment does not make more than 30 of them arrive in one; 20 in a group's minute.
    """
    # It writes a traceback for every 429, which is nothing unusual and handled.
    logging.getLogger("telegram.ext.AIORateLimiter").setLevel(logging.CRITICAL)
    return AIORateLimiter(
        overall_max_rate=5,
        overall_time_period=5 / 20,
        group_max_rate=5,
        group_time_period=60 * 5 / 15,
    )


class TelegramChannel(Connector):
    """One Telegram bot."""

    name = CHANNEL
    capabilities = Capabilities(
        buttons=True, pictures=True, links=True, text_limit=4096, text_length=utf16_length,
        files=frozenset(FileKind),
    )  # fmt: skip

    def __init__(self, fittings: Fittings) -> None:
        settings = fittings.settings
        self._fittings = fittings
        self._signer = ButtonSigner(settings.secrets.session_key)
        self._secret = secret_of(settings.secrets.session_key)
        self._url = settings.public_url.rstrip("/") + PATH if settings.public_url else None
        api = settings.telegram_api_url.rstrip("/")
        self._bot: ExtBot[int] = ExtBot(
            settings.telegram_token.get_secret_value(),
            base_url=f"{api}/bot",
            base_file_url=f"{api}/file/bot",
            request=HTTPXRequest(
                connection_pool_size=64, pool_timeout=10, read_timeout=_READ_TIMEOUT_S
            ),
            get_updates_request=HTTPXRequest(connection_pool_size=1),
            rate_limiter=telegram_limits(),
        )
        self._addresses = Rates(settings.address_requests_per_minute)
        self._sequence = Sequence()
        self._intake: Intake | None = None
        self._task: asyncio.Task[None] | None = None
        self._sent_at: OrderedDict[int, float] = OrderedDict()
        self._typing: dict[str, asyncio.Task[None]] = {}
        self._asides: set[asyncio.Task[None]] = set()
        self._paused_until = 0.0

    def routes(self) -> APIRouter | None:
        """Return the webhook, where there is a public address."""
        if self._url is None:
            return None
        return webhook_router(
            self._secret,
            self._bot,
            self._take,
            lambda: self._intake is not None,
            self._sequence,
            self._addresses,
        )

    def open(self, reception: Reception) -> None:
        """Begin to take updates, as soon as Telegram can be reached."""
        self._task = asyncio.create_task(self._run(reception))

    async def close(self) -> None:
        """Stop; Telegram keeps what was not stored."""
        tasks = [*self._typing.values(), *self._asides, *([self._task] if self._task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(TelegramError):
            await self._bot.shutdown()

    async def send(self, delivery: Delivery) -> None:
        """Send one message, at most one a second to the same chat."""
        wait_s = self._paused_until - time.monotonic()
        if wait_s > 0:
            raise Wait("expected Telegram to take messages again, it asked to wait", wait_s)
        chat_id = chat_of(delivery.user)
        await self._pace(chat_id)
        try:
            await self._send_to(chat_id, delivery)
            self._sent_at[chat_id] = time.monotonic()
        except ChatMigrated as moved:
            # The group became a supergroup under a new identifier.
            try:
                await self._send_to(moved.new_chat_id, delivery)
            except TelegramError as error:
                raise translate(error) from None
        except TelegramError as error:
            if isinstance(error, RetryAfter):
                self._paused_until = time.monotonic() + seconds_of(error)
            # Without the cause: PTB's traceback may quote the token.
            raise translate(error) from None

    async def typing(self, user: str, on: bool) -> None:
        """Show that an answer is being written when it takes a moment."""
        running = self._typing.pop(user, None)
        if running is not None:
            running.cancel()
        if on:
            self._typing[user] = asyncio.create_task(self._show_typing(chat_of(user)))

    async def _run(self, reception: Reception) -> None:
        await self._connect(reception)
        if self._url is None:
            await poll(self._bot, self._take, _POLL_WAIT_S)
        else:
            await keep_webhook(self._bot, self._url, self._secret)

    async def _connect(self, reception: Reception) -> None:
        """Introduce the bot to Telegram, however long that takes."""
        failures = 0
        while True:
            try:
                await self._bot.initialize()
                if self._url is None:
                    await self._bot.delete_webhook()
                else:
                    await set_webhook(self._bot, self._url, self._secret)
                await self._set_commands()
                intake = Intake(
                    self._bot.bot,
                    self._bot,
                    self._fittings,
                    self._signer,
                    reception,
                )
                self._sequence.next = await intake.next_update()
                self._intake = intake
                self._fittings.links.doors[CHANNEL] = f"https://t.me/{self._bot.username}?start="
                _log.info("telegram ready", bot=self._bot.username, webhook=self._url is not None)
                return
            except TelegramError as error:
                failures += 1
                pause_s = min(0.5 * 2.0 ** min(failures - 1, 10), _LONGEST_PAUSE_S)
                if isinstance(error, RetryAfter):
                    pause_s = seconds_of(error)
                _log.warning("telegram not reached", error=type(error).__name__, again_in_s=pause_s)
                await asyncio.sleep(pause_s)

    async def _set_commands(self) -> None:
        for language in ("zh", "en"):
            commands = [
                BotCommand(name, titles[language])
                for name, titles in self._fittings.texts.commands.items()
            ]
            await self._bot.set_my_commands(commands, language_code=language)
        # Telegram falls back to the list without a language for everybody else.
        await self._bot.set_my_commands(commands)

    async def _take(self, update: Update) -> None:
        if self._intake is None:
            raise RuntimeError("expected to know the bot's own name before the first update")
        notice = await self._intake.take(update)
        if update.callback_query is not None:
            answer = self._bot.answer_callback_query(
                update.callback_query.id, notice, show_alert=notice is not None
            )
            self._aside(_quietly(answer))

    async def _pace(self, chat_id: int) -> None:
        """Wait until a second has passed since the last message to this chat arrived."""
        sent_at = self._sent_at.pop(chat_id, None)
        while len(self._sent_at) > _CHATS_REMEMBERED:
            self._sent_at.popitem(last=False)
        if sent_at is not None:
            await asyncio.sleep(max(0.0, sent_at + _CHAT_EVERY_S - time.monotonic()))

    async def _send_to(self, chat_id: int, delivery: Delivery) -> None:
        body = delivery.entry.body
        keyboard = self._keyboard(delivery)
        reply = _reply_parameters(delivery)
        if body.picture:
            whole = utf16_length(body.text) <= _CAPTION_LIMIT
            if whole and await self._send_picture(chat_id, body, keyboard, reply):
                return
            body = Body(f"{body.text}\n{body.picture}".strip(), link=body.link)
        text = body.text
        if body.link:
            text = f"{text}\n[{body.link.title}]({body.link.url})".strip()
        if body.attachments:
            # The desk sends files without words; one that comes with words follows them.
            if text:
                await self._bot.send_message(chat_id, to_html(text), ParseMode.HTML)
            for one in body.attachments:
                await self._send_file(chat_id, one, reply)
            return
        preview = LinkPreviewOptions(is_disabled=True)
        try:
            await self._bot.send_message(
                chat_id, to_html(text), ParseMode.HTML, link_preview_options=preview,
                reply_markup=keyboard, reply_parameters=reply,
            )  # fmt: skip
        except BadRequest as error:
            if "parse entities" not in error.message:
                raise
            await self._bot.send_message(
                chat_id, to_plain(text), link_preview_options=preview,
                reply_markup=keyboard, reply_parameters=reply,
            )  # fmt: skip

    async def _send_file(
        self, chat_id: int, file: Attachment, reply: ReplyParameters | None
    ) -> None:
        """Send a file of ours; a picture that Telegram doesn't take as one goes as a document."""
        content = await asyncio.to_thread(self._fittings.files.path_of(file.id).read_bytes)
        name = file.name or file.id
        if file.kind is FileKind.PICTURE:
            try:
                await self._bot.send_photo(chat_id, content, reply_parameters=reply, filename=name)
            except BadRequest:
                pass
            else:
                return
        await self._bot.send_document(chat_id, content, reply_parameters=reply, filename=name)

    async def _send_picture(
        self,
        chat_id: int,
        body: Body,
        keyboard: InlineKeyboardMarkup | None,
        reply: ReplyParameters | None,
    ) -> bool:
        """Send a picture with its text; false when Telegram can't fetch the picture."""
        try:
            await self._bot.send_photo(
                chat_id, body.picture or "", caption=to_html(body.text),
                parse_mode=ParseMode.HTML, reply_markup=keyboard, reply_parameters=reply,
            )  # fmt: skip
        except BadRequest:
            return False
        return True

    def _keyboard(self, delivery: Delivery) -> InlineKeyboardMarkup | None:
        buttons = delivery.entry.body.buttons
        if not buttons:
            return None
        return InlineKeyboardMarkup.from_column(
            [
                InlineKeyboardButton(
                    button.title,
                    callback_data=self._signer.sign(delivery.user, delivery.entry.seq, index),
                )
                for index, button in enumerate(buttons)
            ]
        )

    async def _show_typing(self, chat_id: int) -> None:
        await asyncio.sleep(_TYPING_AFTER_S)
        while True:
            with contextlib.suppress(TelegramError):
                await self._bot.send_chat_action(chat_id, ChatAction.TYPING)
            await asyncio.sleep(_TYPING_EVERY_S)

    def _aside(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)


def _reply_parameters(delivery: Delivery) -> ReplyParameters | None:
    """In a group an answer points to its question."""
    if ":" not in delivery.user or delivery.answers is None:
        return None
    message_id = int(delivery.answers.rpartition(":")[2])
    return ReplyParameters(message_id, allow_sending_without_reply=True)


async def _quietly(call: Coroutine[None, None, bool]) -> None:
    with contextlib.suppress(TelegramError):
        await call
