"""Logs: one structured line per event, for people or as JSON."""

from __future__ import annotations

import logging
import re
import sys

import structlog
from pydantic import SecretStr
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.settings import Settings

_STARS = "********"
# Shorter values would mask ordinary words.
_SHORTEST_SECRET = 6
# What of customers must not be readable in a log: mobiles of the mainland as people write them, numbers
# with their country, link codes. The ends stay, so that two lines can be told to be of one customer.
_PERSONAL = (
    re.compile(r"(?<![\d.])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?(\d{4})(?!\d)"),
    re.compile(r"\+\d{4,11}(\d{4})(?!\d)"),
    re.compile(r"(?<![A-Za-z0-9])YD[ -]?\w{4}[ -]?\w{2}(\w{2})(?!\w)", re.IGNORECASE),
)


def configure_logs(settings: Settings) -> None:
    """Set up structlog for this process; lines go to standard error, a command's output is its own."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            mask(secrets_of(settings)),
            structlog.processors.JSONRenderer(ensure_ascii=False)
            if settings.log_json
            else structlog.dev.ConsoleRenderer(colors=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.log_level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def secrets_of(settings: Settings) -> list[str]:
    """Return every value that must never be written down."""
    fields = (getattr(settings, name) for name in type(settings).model_fields)
    configured = (value.get_secret_value() for value in fields if isinstance(value, SecretStr))
    return [*configured, *settings.secrets.model_dump().values()]


def mask(secrets: list[str]) -> Processor:
    """Return a processor that puts stars where a secret or a telephone number would be written, also in tracebacks."""
    known = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]

    def masked(value: object) -> object:
        if not isinstance(value, str):
            return value
        for secret in known:
            value = value.replace(secret, _STARS)
        for pattern in _PERSONAL:
            value = pattern.sub(r"****\1", value)
        return value

    def process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {key: masked(value) for key, value in event.items()}

    return process
