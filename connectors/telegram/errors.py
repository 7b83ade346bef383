"""Telegram's errors in the outbox's terms."""

from __future__ import annotations

from telegram import error

from bot.conversations.outbox import DeliveryError, Refused, RetryAfter

# A wrong or withdrawn token is mended by a person; looking again every minute is soon enough.
_TOKEN_PAUSE_S = 60.0


def seconds_of(problem: error.RetryAfter) -> float:
    """Return how long Telegram asks to wait, in seconds."""
    wait = problem.retry_after
    return float(wait if isinstance(wait, int) else wait.total_seconds())


def translate(problem: error.TelegramError) -> DeliveryError:
    """Return what a failed call means for the message.

    Texts never hold more than the kind of the error: PTB quotes the token in some of them.
    """
    kind = type(problem).__name__
    match problem:
        case error.RetryAfter():
            return RetryAfter("expected Telegram to take it, got 429", seconds_of(problem))
        case error.InvalidToken():
            return RetryAfter(
                "expected Telegram to know the token, got 401; check YINGDA_TELEGRAM_TOKEN",
                _TOKEN_PAUSE_S,
            )
        case error.Forbidden():
            return Refused(f"expected an open chat, got {kind}: {problem.message}")
        case error.BadRequest():
            return Refused(f"expected Telegram to accept it, got {kind}: {problem.message}")
        case _:
            return DeliveryError(f"expected Telegram to answer, got {kind}")
