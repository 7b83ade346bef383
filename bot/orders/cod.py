"""The confirmation of a cash-on-delivery order: its states, and which may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class CodState(StrEnum):
    """How far the confirmation has come. A state is entered together with at most one message."""

    PENDING = "pending"  # nobody was asked yet
    ASKED = "asked"  # the card was sent
    REMINDED = "reminded"  # and a reminder after it
    REFUSED = "refused"  # can't be cash on delivery: to be paid online, or cancelled
    CONFIRMED = "confirmed"  # the customer said yes to address, time and amount
    CHANGED = "changed"  # something changed after the card: a new card asks again
    CANCELLED = "cancelled"
    UNREACHABLE = "unreachable"  # no channel on which the bot may speak first: people call
    EXPIRED = "expired"  # no answer in time: the policy decided


class IllegalStepError(Exception):
    """A confirmation was asked to go where its state does not lead."""


_S = CodState
# From any state where the order still lies in the warehouse the customer may turn up and confirm or
# cancel: late is better than never.
LEGAL: Mapping[CodState, frozenset[CodState]] = {
    _S.PENDING: frozenset(
        {
            _S.ASKED,
            _S.REFUSED,
            _S.UNREACHABLE,
            _S.CONFIRMED,
            _S.CANCELLED,
            _S.CHANGED,
            _S.EXPIRED,
        }
    ),
    _S.REFUSED: frozenset({_S.CONFIRMED, _S.CANCELLED, _S.CHANGED, _S.EXPIRED}),
    _S.ASKED: frozenset({_S.REMINDED, _S.CONFIRMED, _S.CHANGED, _S.CANCELLED, _S.EXPIRED}),
    _S.REMINDED: frozenset({_S.REMINDED, _S.CONFIRMED, _S.CHANGED, _S.CANCELLED, _S.EXPIRED}),
    _S.CHANGED: frozenset({_S.REMINDED, _S.CONFIRMED, _S.CHANGED, _S.CANCELLED, _S.EXPIRED}),
    _S.UNREACHABLE: frozenset({_S.CONFIRMED, _S.CHANGED, _S.CANCELLED, _S.EXPIRED}),
    _S.EXPIRED: frozenset({_S.CONFIRMED, _S.CHANGED, _S.CANCELLED}),
    _S.CONFIRMED: frozenset({_S.CHANGED, _S.CANCELLED}),
    # Undone, or sent by the shop after all.
    _S.CANCELLED: frozenset({_S.CHANGED, _S.EXPIRED}),
}

# The customer has been asked and has not answered yet.
OPEN = frozenset({_S.ASKED, _S.REMINDED, _S.CHANGED})


def step(now: CodState, then: CodState) -> CodState:
    """Return ``then`` if it may follow ``now``.

    Raises:
        IllegalStepError: it may not.
    """
    if then not in LEGAL[now]:
        allowed = ", ".join(sorted(LEGAL[now]))
        raise IllegalStepError(f"expected one of {allowed} after {now}, got {then}")
    return then
