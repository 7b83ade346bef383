"""How one-time codes reach a telephone: through a mail gateway for SMS, or only into the log."""

from __future__ import annotations

import asyncio
import smtplib
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import structlog

from bot.orders.codes import CodeNotSentError
from bot.orders.wording import masked_phone

_log = structlog.get_logger(__name__)

_TIMEOUT_S = 10


class LogSender:
    """Writes the code into the log: for trying things out, where nobody else reads the log."""

    async def send(self, phone: str, code: str) -> None:
        """Log it."""
        _log.info("one-time code", phone=masked_phone(phone), code=code)


class SmtpSender:
    """Sends the code by mail, as SMS gateways take it.

    Args:
        url: ``smtp://user:password@host:port``; ``smtps`` for TLS from the start, else STARTTLS
            where the server offers it.
        to: the address with ``{phone}`` in it, for instance ``{phone}@sms.example``.
        sender: the address it comes from.
    """

    def __init__(self, url: str, to: str, sender: str) -> None:
        self._url = urlsplit(url)
        self._to = to
        self._from = sender

    async def send(self, phone: str, code: str) -> None:
        """Send it; raises ``CodeNotSentError`` when the server does not take it."""
        message = EmailMessage()
        message["From"], message["To"] = self._from, self._to.format(phone=phone.lstrip("+"))
        message["Subject"] = "验证码 / Code"
        message.set_content(
            f"验证码{code}，10分钟内有效，请勿告诉他人。\n"
            f"Your code is {code}. It is good for 10 minutes; tell it to nobody."
        )
        try:
            await asyncio.to_thread(self._deliver, message)
        except (OSError, smtplib.SMTPException) as error:
            raise CodeNotSentError(
                f"expected {self._url.hostname} to take the message, got: {error}"
            ) from error

    def _deliver(self, message: EmailMessage) -> None:
        kind = smtplib.SMTP_SSL if self._url.scheme == "smtps" else smtplib.SMTP
        host, port = self._url.hostname or "localhost", self._url.port or 0
        with kind(host, port, timeout=_TIMEOUT_S) as server:
            server.ehlo()
            if self._url.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls()
                server.ehlo()
            if self._url.username:
                server.login(unquote(self._url.username), unquote(self._url.password or ""))
            server.send_message(message)
