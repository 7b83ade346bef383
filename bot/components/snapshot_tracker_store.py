"""Conversations in one SQLite file, each as a snapshot that does not grow."""

from __future__ import annotations

import itertools
import json
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    Event,
    SlotSet,
    UserUttered,
    deserialise_events,
)
from rasa.shared.core.trackers import DialogueStateTracker

_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    sender_id TEXT PRIMARY KEY,
    updated   REAL NOT NULL,   -- seconds since 1970
    events    TEXT NOT NULL    -- JSON array of Rasa events
) WITHOUT ROWID
"""
_BUSY_TIMEOUT = 5.0  # seconds


class SnapshotTrackerStore(TrackerStore):
    """Keeps of a conversation its slots, its active form and the events of the last turns.

    Rasa rebuilds a tracker from all its events several times a turn, so a turn's cost grows with
    the conversation: 20 ms at turn 10, 75 ms at turn 110. Here everything before the last
    ``max_turns`` user turns is folded into the events that restore its outcome, one per filled slot
    and one for an active form, which is also what Rasa does when it carries slots into a new
    session. Slots and form come back exactly; what is lost is the wording of old turns, and the
    app's conversation log has that.

    The last conversations are also held in memory. SQLite is written at every turn before the turn
    is answered, so an engine that is killed and started again goes on where it was.
    """

    def __init__(
        self,
        domain: Domain | None,
        db: str,
        host: str | None = None,
        event_broker: EventBroker | None = None,
        max_turns: int = 10,
        max_cached: int = 2000,
        **kwargs: Any,
    ) -> None:
        """Open or create the file ``db``; ``max_cached`` counts conversations.

        Raises:
            ValueError: ``max_turns`` is below one.
            sqlite3.OperationalError: the file cannot be opened; the message names it.
        """
        super().__init__(domain, event_broker, **kwargs)
        if int(max_turns) < 1:
            raise ValueError(f"max_turns must be at least 1, got {max_turns}: see endpoints.yml")
        self._max_turns = int(max_turns)
        self._max_cached = int(max_cached)
        self._cache: OrderedDict[str, list[Event]] = OrderedDict()
        self._connection = _open(Path(db))

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Write the conversation's snapshot."""
        await self.stream_events(tracker)
        events = fold(tracker, self.init_tracker(tracker.sender_id), self._max_turns)
        text = json.dumps([event.as_dict() for event in events], ensure_ascii=False)
        with self._connection:
            self._connection.execute(
                "INSERT INTO conversations VALUES (?, ?, ?) ON CONFLICT (sender_id) "
                "DO UPDATE SET updated = excluded.updated, events = excluded.events",
                (tracker.sender_id, time.time(), text),
            )
        self._remember(tracker.sender_id, events)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Return a tracker of its own for the caller, or ``None`` for an unknown conversation."""
        events = self._cache.get(sender_id)
        if events is None:
            row = self._connection.execute(
                "SELECT events FROM conversations WHERE sender_id = ?", (sender_id,)
            ).fetchone()
            if row is None:
                return None
            events = deserialise_events(json.loads(row[0]))
        self._remember(sender_id, events)
        tracker = self.init_tracker(sender_id)
        for event in events:
            tracker.update(event, self.domain)
        return tracker

    async def keys(self) -> Iterable[str]:
        """Return the ids of all conversations."""
        return [row[0] for row in self._connection.execute("SELECT sender_id FROM conversations")]

    async def delete(self, sender_id: str) -> None:
        """Delete a conversation, on the disk too: its pages are overwritten."""
        self._cache.pop(sender_id, None)
        with self._connection:
            self._connection.execute("DELETE FROM conversations WHERE sender_id = ?", (sender_id,))
        # What the log of writes still holds goes with it.
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def last_turn(self, sender_id: str) -> list[Event]:
        """Return the events of the last turn, the customer's message first; empty if there is none."""
        tracker = await self.retrieve(sender_id)
        if tracker is None:
            return []
        events = list(tracker.events)
        starts = [i for i, event in enumerate(events) if isinstance(event, UserUttered)]
        return events[starts[-1] :] if starts else []

    def _remember(self, sender_id: str, events: list[Event]) -> None:
        self._cache[sender_id] = events
        self._cache.move_to_end(sender_id)
        while len(self._cache) > self._max_cached:
            self._cache.popitem(last=False)


def fold(tracker: DialogueStateTracker, blank: DialogueStateTracker, max_turns: int) -> list[Event]:
    """Return the tracker's events with all before its last ``max_turns`` user turns folded.

    ``blank`` is an empty tracker with the domain's slots; it is used up.
    """
    events = list(tracker.events)
    turns = [i for i, event in enumerate(events) if isinstance(event, UserUttered)]
    if len(turns) <= max_turns:
        return events
    cut = turns[-max_turns]
    # A user's message follows the action that listened for it; policies look for that.
    while cut > 0 and not _is_listen(events[cut]):
        cut -= 1
    for event in itertools.islice(events, cut):
        blank.update(event)
    at = events[cut].timestamp
    folded: list[Event] = [
        SlotSet(name, slot.value, timestamp=at)
        for name, slot in blank.slots.items()
        if slot.value != slot.initial_value
    ]
    if blank.active_loop_name:
        folded.append(ActiveLoop(blank.active_loop_name, timestamp=at))
    return folded + events[cut:]


def _is_listen(event: Event) -> bool:
    return isinstance(event, ActionExecuted) and event.action_name == ACTION_LISTEN_NAME


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # One event loop uses the connection; Sanic may have made the store in another thread.
        connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA secure_delete = ON")
        # In WAL mode NORMAL keeps every commit when the process dies; only a power cut may lose the
        # last turns, and the app's own log has those.
        connection.execute("PRAGMA synchronous = NORMAL")
        with connection:
            connection.execute(_SCHEMA)
    except sqlite3.OperationalError as error:
        raise sqlite3.OperationalError(
            f"cannot open the engine's conversations in {path.absolute()}: {error}. "
            "Check the folder's owner and the free space, or set YINGDA_TRACKER_DB."
        ) from error
    return connection
