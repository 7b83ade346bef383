"""Every dialogue of this folder, message by message, through the real engine and app."""

from __future__ import annotations

import pytest

from tests.conversations.dialogue import load_dialogues
from tests.conversations.playing import play, report
from tests.stack.running import Stack

# The first test waits for the stack, and perhaps for the engine's training.
pytestmark = pytest.mark.timeout(600)
_DIALOGUES = load_dialogues()


@pytest.mark.parametrize("name", _DIALOGUES)
async def test_dialogue(stack: Stack, name: str) -> None:
    played = await play(stack, _DIALOGUES[name])
    if any(done.faults for done in played):
        pytest.fail(report(name, played), pytrace=False)
    assert len(played) == len(_DIALOGUES[name].turns)
