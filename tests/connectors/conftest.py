"""Fixtures of all channels."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.conversations.phrases import Phrases
from tests.apps import read_phrases


@pytest.fixture
def phrases(root: Path) -> Phrases:
    return read_phrases(root)
