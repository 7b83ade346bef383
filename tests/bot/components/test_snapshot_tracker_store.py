"""Conversations that stay small and lose neither slots nor form."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot.components.snapshot_tracker_store import SnapshotTrackerStore, fold

DOMAIN = Domain.from_yaml(
    """
    intents: [greet, order_status]
    entities: [code]
    slots:
      order_number: {type: text, influence_conversation: false, mappings: [{type: custom}]}
      verified_order: {type: any, influence_conversation: false, mappings: [{type: custom}]}
    forms:
      order_form: {required_slots: [order_number]}
    """
)
_START: list[Event] = [ActionExecuted("action_session_start"), SessionStarted()]


def turn(number: int, *happening: Event) -> list[Event]:
    return [
        ActionExecuted("action_listen"),
        UserUttered(f"text {number}", {"name": "greet", "confidence": 1.0}, message_id=str(number)),
        ActionExecuted("utter_greet"),
        BotUttered(f"reply {number}"),
        *happening,
    ]


_HAPPENINGS = st.one_of(
    st.builds(lambda v: SlotSet("order_number", v), st.sampled_from([None, "SO1", "SO2"])),
    st.builds(lambda v: SlotSet("verified_order", v), st.sampled_from([None, ["SO1"], {"a": 1}])),
    st.builds(ActiveLoop, st.sampled_from([None, "order_form"])),
    st.builds(lambda v: SlotSet("requested_slot", v), st.sampled_from([None, "order_number"])),
)


def track(events: list[Event]) -> DialogueStateTracker:
    return DialogueStateTracker.from_events("customer", events, DOMAIN.slots)


def blank() -> DialogueStateTracker:
    return DialogueStateTracker("customer", DOMAIN.slots)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(_HAPPENINGS, max_size=4), max_size=30), st.integers(1, 12))
def test_folding_keeps_slots_form_and_last_turns(turns: list[list[Event]], kept: int) -> None:
    """Whatever happened: the state is the same, the last turns are word for word, the rest is small."""
    events = list(_START)
    for number, happening in enumerate(turns):
        events += turn(number, *happening)
    whole = track(events)
    small = track(fold(whole, blank(), kept))
    assert small.current_slot_values() == whole.current_slot_values()
    assert small.active_loop_name == whole.active_loop_name
    assert small.latest_action_name == whole.latest_action_name
    texts = [e.text for e in small.events if isinstance(e, UserUttered)]
    assert texts == [f"text {n}" for n in range(len(turns))][-kept:]


@settings(max_examples=50, deadline=None)
@given(st.lists(_HAPPENINGS, max_size=4), st.integers(1, 40))
def test_folding_turn_by_turn_is_folding_at_once(happening: list[Event], count: int) -> None:
    at_once = track([*_START, *(e for n in range(count) for e in turn(n, *happening))])
    step_by_step = track(list(_START))
    for number in range(count):
        step_by_step = track(
            fold(track([*step_by_step.events, *turn(number, *happening)]), blank(), 3)
        )
    assert step_by_step.current_slot_values() == at_once.current_slot_values()
    assert step_by_step.active_loop_name == at_once.active_loop_name
    assert len(step_by_step.events) <= 3 * (4 + len(happening)) + 8


def store(path: Path, **options: int) -> SnapshotTrackerStore:
    return SnapshotTrackerStore(DOMAIN, str(path), **options)


def talk(kept: SnapshotTrackerStore, numbers: range, *happening: Event) -> None:
    async def run() -> None:
        for number in numbers:
            tracker = await kept.get_or_create_tracker("customer", append_action_listen=False)
            if not tracker.events:
                tracker.update_with_events(list(_START), DOMAIN)
            tracker.update_with_events(turn(number, *happening), DOMAIN)
            await kept.save(tracker)

    asyncio.run(run())


def test_the_snapshot_of_turn_200_is_no_larger_than_that_of_turn_20(tmp_path: Path) -> None:
    """Rasa replays all kept events several times a turn, so this bounds a turn's cost."""
    kept = store(tmp_path / "engine.sqlite3")

    def size() -> tuple[int, int]:
        (text,) = kept._connection.execute("SELECT events FROM conversations").fetchone()
        return len(json.loads(text)), len(text)

    talk(kept, range(20), SlotSet("order_number", "SO1"))
    events_early, characters_early = size()
    talk(kept, range(20, 200), SlotSet("order_number", "SO1"))
    events_late, characters_late = size()
    assert events_late == events_early
    assert characters_late < characters_early * 1.05


def test_a_restarted_engine_goes_on_in_the_middle_of_the_form(tmp_path: Path) -> None:
    path = tmp_path / "engine.sqlite3"
    before = store(path)
    talk(before, range(1), ActiveLoop("order_form"), SlotSet("requested_slot", "order_number"))
    talk(before, range(1, 30))
    after = asyncio.run(store(path).retrieve("customer"))
    assert after is not None
    assert after.active_loop_name == "order_form"
    assert after.get_slot("requested_slot") == "order_number"


def test_the_cache_answers_as_the_file_does(tmp_path: Path) -> None:
    path = tmp_path / "engine.sqlite3"
    cached = store(path)
    talk(cached, range(12), SlotSet("verified_order", ["SO1"]))
    from_cache = asyncio.run(cached.retrieve("customer"))
    from_file = asyncio.run(store(path).retrieve("customer"))
    assert from_cache is not None
    assert from_file is not None
    assert [e.as_dict() for e in from_cache.events] == [e.as_dict() for e in from_file.events]
    assert from_cache.current_slot_values() == from_file.current_slot_values()


def test_a_turn_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    """Each caller gets a tracker of its own: what is not saved did not happen."""
    kept = store(tmp_path / "engine.sqlite3")
    talk(kept, range(1))
    failed = asyncio.run(kept.retrieve("customer"))
    assert failed is not None
    failed.update(SlotSet("order_number", "SO9"))
    again = asyncio.run(kept.retrieve("customer"))
    assert again is not None
    assert again.get_slot("order_number") is None


def test_the_last_turn_begins_with_the_customers_message(tmp_path: Path) -> None:
    kept = store(tmp_path / "engine.sqlite3")
    talk(kept, range(3))
    events = asyncio.run(kept.last_turn("customer"))
    assert isinstance(events[0], UserUttered)
    assert events[0].message_id == "2"
    assert [e.text for e in events if isinstance(e, BotUttered)] == ["reply 2"]
    assert asyncio.run(kept.last_turn("stranger")) == []


def test_the_cache_is_bounded(tmp_path: Path) -> None:
    kept = store(tmp_path / "engine.sqlite3", max_cached=2)

    async def run() -> None:
        for name in "abc":
            await kept.save(DialogueStateTracker(name, DOMAIN.slots))

    asyncio.run(run())
    assert list(kept._cache) == ["b", "c"]
    assert asyncio.run(kept.retrieve("a")) is not None


def test_wrong_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        store(tmp_path / "engine.sqlite3", max_turns=0)
    (tmp_path / "folder").mkdir()
    with pytest.raises(sqlite3.OperationalError, match="YINGDA_TRACKER_DB"):
        store(tmp_path / "folder")
