"""From an update of Telegram to a message of ours, and what the channel answers by itself."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import structlog
from sqlalchemy import select
from telegram import Bot, CallbackQuery, Message, Update, User
from telegram.constants import ChatType, MessageEntityType
from telegram.error import TelegramError

from bot.conversations.files import LIMIT_BYTES, FileRefusedError
from bot.conversations.inbox import Reply
from bot.conversations.model import Attachment, Body, Button, Direction, Inbound, State
from bot.conversations.transcript import lines_at, open_conversation
from bot.language import Language
from bot.linking.codes import read_code, written
from bot.storage.conversations import Address, MessageRow
from connectors.registry import Fittings
from connectors.service import Reception
from connectors.telegram.buttons import ButtonSigner

_log = structlog.get_logger(__name__)

CHANNEL = "telegram"
UPDATES = ("message", "edited_message", "callback_query")
WELCOME = "utter_welcome"

_COMMAND = re.compile(r"/([a-z_]+)(?:@(\w+))?(?:\s+|$)", re.IGNORECASE)
# A link https://t.me/<bot>?start=SO20261105001 opens the chat with a question about that order.
_ORDER_LINK = re.compile(r"(?:order[-_])?(SO\d{11})", re.IGNORECASE)
# A link https://t.me/<bot>?start=link_<code> goes on with a conversation of another channel.
_LINK = "link_"
_PAYLOADS = {"order": "/order_status", "human": "/ask_human"}
_LANGUAGES: dict[str, Language] = {"zh": "zh", "中文": "zh", "en": "en", "english": "en"}
_LANGUAGE_PAYLOAD = "/language_"
_LAST_DIGITS = 4
_ALBUMS_REMEMBERED = 1000
# Later updates wait meanwhile; what takes longer is answered without its file.
_FETCH_WITHIN_S = 10.0


def user_of(chat_id: int, user_id: int, group: bool) -> str:
    """Return how a customer is named: the chat, and in a group also who of it."""
    return f"{chat_id}:{user_id}" if group else str(chat_id)


def chat_of(user: str) -> int:
    """Return the chat of a customer."""
    return int(user.partition(":")[0])


class Intake:
    """Hands updates to the reception.

    Args:
        me: the bot's own account.
        bot: downloads files.
    """

    def __init__(
        self,
        me: User,
        bot: Bot,
        fittings: Fittings,
        signer: ButtonSigner,
        reception: Reception,
    ) -> None:
        self._me = me
        self._bot = bot
        self._files = fittings.files
        self._database = fittings.database
        self._phrases = fittings.phrases
        self._texts = fittings.texts
        self._identity = fittings.identity
        self._default_language: Language = fittings.settings.default_language
        self._signer = signer
        self._reception = reception
        self._albums: deque[str] = deque(maxlen=_ALBUMS_REMEMBERED)

    async def take(self, update: Update) -> str | None:
        """Store one update; returns what to tell whoever pressed a button that is no longer valid."""
        query, message = update.callback_query, update.message or update.edited_message
        if query is not None:
            return await self._press(update.update_id, query)
        if message is not None and message.from_user is not None and not message.from_user.is_bot:
            await _Incoming(self, update.update_id, message, message.from_user).take()
        return None

    async def next_update(self) -> int | None:
        """Return the identifier after the last update that was stored, ``None`` before the first."""
        async with self._database.read() as session:
            last = await session.scalar(
                select(MessageRow.channel_message_id)
                .where(
                    MessageRow.channel == CHANNEL,
                    MessageRow.channel_message_id.startswith(f"{self._me.id}:"),
                )
                .order_by(MessageRow.id.desc())
                .limit(1)
            )
        return int(last.split(":")[1]) + 1 if last else None

    async def fetch(self, message: Message) -> Attachment | None:
        """Download and keep the file of a message; ``None`` when there is none that can be kept."""
        source = message.photo[-1] if message.photo else message.document or message.video
        if source is None or (source.file_size or 0) > LIMIT_BYTES:
            return None
        try:
            async with asyncio.timeout(_FETCH_WITHIN_S):
                file = await self._bot.get_file(source.file_id)
                content = bytes(await file.download_as_bytearray())
            return await self._files.keep(content, getattr(source, "file_name", None) or "")
        except (TelegramError, TimeoutError, FileRefusedError) as error:
            _log.warning("telegram file not kept", error=type(error).__name__)
            return None

    async def accept(self, inbound: Inbound) -> None:
        """Have a message answered by the dialogue."""
        await self._reception.accept(inbound)

    async def note(self, inbound: Inbound, reply: Reply, language: Language | None = None) -> None:
        """Store a message with what the channel says to it by itself."""
        await self._reception.note(inbound, reply, language)

    def language_of(self, user: User) -> Language:
        """Return the language of somebody's Telegram, for who has not written anything yet."""
        if not user.language_code:
            return self._default_language
        return "zh" if user.language_code.lower().startswith("zh") else "en"

    def line(self, name: str, user: User, while_bot: bool = False) -> Reply:
        """Return a reply that says ``name`` in the conversation's language, or else the user's.

        Args:
            while_bot: say nothing while a person has the word.
        """

        def reply(state: State, language: Language | None) -> Sequence[Body]:
            if while_bot and state is not State.BOT:
                return ()
            return (self._texts.say(name, language or self.language_of(user)),)

        return reply

    async def _press(self, update_id: int, query: CallbackQuery) -> str | None:
        user, language = query.from_user, self.language_of(query.from_user)
        chat = query.message.chat if query.message else None
        too_old = self._texts.say("button_too_old", language).text
        if chat is None or query.message is None:
            return too_old
        customer = user_of(chat.id, user.id, chat.type != ChatType.PRIVATE)
        pressed = self._signer.read(customer, query.data or "")
        button = await self._button(customer, *pressed) if pressed else None
        if button is None:
            return too_old
        inbound = Inbound(
            CHANNEL,
            customer,
            f"{self._me.id}:{update_id}:{query.message.message_id}",
            button.title,
            button.payload,
        )
        if button.payload.startswith(_LANGUAGE_PAYLOAD):
            await self.set_language(inbound, button.payload.removeprefix(_LANGUAGE_PAYLOAD))
        else:
            await self.accept(inbound)
        return None

    async def vouch(self, customer: str, phone: str) -> None:
        """Take Telegram's word for the phone of a customer."""
        async with self._database.write() as session:
            theirs = await open_conversation(session, CHANNEL, customer)
        await self._identity.share_phone(theirs.id, phone, datetime.now(UTC))

    async def set_language(self, inbound: Inbound, wish: str) -> bool:
        """Change the language of the conversation; false when the wish is not understood."""
        language = _LANGUAGES.get(wish.strip().lower())
        if language is None:
            return False
        said = self._texts.say("language_set", language)
        await self.note(inbound, lambda *_: (said,), language)
        return True

    async def _button(self, customer: str, seq: int, index: int) -> Button | None:
        async with self._database.read() as session:
            body = await session.scalar(
                select(MessageRow.body).where(
                    lines_at(Address(CHANNEL, customer)),
                    MessageRow.seq == seq,
                    MessageRow.direction == Direction.OUT.value,
                )
            )
        buttons = Body.from_json(body).buttons if body else ()
        return buttons[index] if index < len(buttons) else None

    def addressed(self, message: Message) -> str | None:
        """Return the text without the bot's name when a group's message is meant for the bot."""
        text = message.text or message.caption or ""
        mention = f"@{self._me.username}"
        entities = message.parse_entities() | message.parse_caption_entities()
        for entity, words in entities.items():
            named = entity.type == MessageEntityType.MENTION and words.lower() == mention.lower()
            linked = entity.type == MessageEntityType.TEXT_MENTION and entity.user == self._me
            if named or linked:
                return text.replace(words, " ", 1).strip()
            if entity.type == MessageEntityType.BOT_COMMAND and words.lower().endswith(
                mention.lower()
            ):
                return text
        answered = message.reply_to_message
        return text if answered and answered.from_user == self._me else None

    def is_new_album(self, album: str) -> bool:
        """Tell whether a picture is the first one seen of its album."""
        if album in self._albums:
            return False
        self._albums.append(album)
        return True

    def welcome(self, user: User) -> Reply:
        """Return the reply that greets."""
        return lambda _, language: (self._phrases.say(WELCOME, language or self.language_of(user)),)

    def mark(self, line: str, user: User, /, **values: str) -> str:
        """Return how something that is not text stands in the transcript."""
        return self._texts.say(f"mark_{line}", self.language_of(user), **values).text

    def words(self, line: str, user: User, /, **values: str) -> str:
        """Return a line of data as the words of the customer."""
        return self._texts.say(line, self.language_of(user), **values).text

    def command_title(self, name: str, user: User) -> str:
        """Return what a command is called, as the customer's words."""
        return self._texts.commands[name][self.language_of(user)]


class _Incoming:
    """One message on its way in."""

    def __init__(self, intake: Intake, update_id: int, message: Message, user: User) -> None:
        self._intake = intake
        self._message = message
        self._user = user
        self._group = message.chat.type != ChatType.PRIVATE
        self._customer = user_of(message.chat.id, user.id, self._group)
        self._id = f"{intake._me.id}:{update_id}:{message.message_id}"

    async def take(self) -> None:
        message = self._message
        text: str | None = message.text or message.caption or ""
        if self._group:
            text = self._intake.addressed(message)
        if text is None:
            return
        command = _COMMAND.match(text)
        if command and await self._command(command[1].lower(), text[command.end() :].strip()):
            return
        if message.contact:
            await self._contact()
        elif message.location:
            await self._place()
        elif text:
            kept = await self._intake.fetch(message)
            inbound = self._inbound(text)
            await self._intake.accept(replace(inbound, attachments=(kept,) if kept else ()))
        elif message.effective_attachment:
            await self._attachment()

    def _inbound(self, text: str, payload: str | None = None) -> Inbound:
        return Inbound(CHANNEL, self._customer, self._id, text, payload)

    async def _command(self, name: str, rest: str) -> bool:
        """Carry out a command; false when there is none of this name."""
        intake, user = self._intake, self._user
        inbound = self._inbound(f"/{name} {rest}".strip())
        order = _ORDER_LINK.fullmatch(rest)
        code = read_code(f"YD-{rest[len(_LINK) :]}") if rest.startswith(_LINK) else None
        if name == "start" and code:
            await intake.accept(self._inbound(written(code)))
        elif name in ("start", "order") and order:
            words = intake.words("about_order", user, order=order[1].upper())
            await intake.accept(self._inbound(words))
        elif name == "start":
            await intake.note(inbound, intake.welcome(user))
        elif name in _PAYLOADS:
            title = intake.command_title(name, user)
            await intake.accept(self._inbound(title, _PAYLOADS[name]))
        elif name == "help":
            await intake.note(inbound, intake.line("help", user))
        elif name == "language":
            if not await intake.set_language(inbound, rest):
                await intake.note(inbound, intake.line("language", user))
        else:
            return False
        return True

    async def _contact(self) -> None:
        """A shared phone number answers the question for its last digits.

        The digits are taken like typed ones and checked against the order. Telegram vouches for the
        customer's own contact and no other, so nobody else's is read; in a private chat its word also
        counts as proof of the phone (``bot.linking``).
        """
        contact = self._message.contact
        if contact is None or contact.user_id != self._user.id:
            await self._note("unknown", kind="contact")
            return
        digits = "".join(c for c in contact.phone_number if c.isdigit())
        if not self._group:
            await self._intake.vouch(self._customer, f"+{digits}")
        await self._intake.accept(self._inbound(digits[-_LAST_DIGITS:]))

    async def _place(self) -> None:
        location, venue = self._message.location, self._message.venue
        if location is None:
            return
        if venue and venue.address:
            words = self._intake.words(
                "my_address", self._user, place=f"{venue.address} {venue.title}"
            )
            await self._intake.accept(self._inbound(words))
            return
        await self._note(
            "location",
            latitude=f"{location.latitude:.5f}",
            longitude=f"{location.longitude:.5f}",
        )

    async def _attachment(self) -> None:
        message = self._message
        kept = await self._intake.fetch(message)
        if kept is not None:
            await self._keep(kept)
        elif message.photo:
            await self._note("picture")
        elif message.document:
            await self._note("file", name=message.document.file_name or "")
        elif message.voice or message.audio or message.video_note:
            await self._note("voice")
        else:
            kind = type(message.effective_attachment).__name__.lower()
            await self._note("unknown", kind=kind)

    async def _keep(self, attachment: Attachment) -> None:
        """Have a file answered, an album once."""
        inbound = replace(self._inbound(""), attachments=(attachment,))
        album = self._message.media_group_id
        if album and not self._intake.is_new_album(album):
            await self._intake.note(inbound, _silence)
        else:
            await self._intake.accept(inbound)

    async def _note(self, line: str, /, **values: str) -> None:
        """Store what is not text; an album is answered once."""
        album = self._message.media_group_id
        mark = " ".join(self._intake.mark(line, self._user, **values).split())
        reply = self._intake.line(line, self._user, while_bot=True)
        if album and not self._intake.is_new_album(album):
            reply = _silence
        await self._intake.note(self._inbound(mark), reply)


def _silence(_: State, __: Language | None) -> Sequence[Body]:
    return ()
