"""The training recipe's parts that can be proved without training."""

from __future__ import annotations

import numpy as np
import pytest

from bot.encoder.training.alignment import align, mean_vectors
from bot.encoder.training.data import clean, join_tokens


@pytest.mark.parametrize(
    ("tokenised", "joined"),
    [
        ("i just ... i couldn 't leave .", "i just... i couldn't leave."),
        ("what do you care if we 're not together ?", "what do you care if we're not together?"),
        ("it 's fine , thanks", "it's fine, thanks"),
    ],
)
def test_tokenised_english_is_joined(tokenised: str, joined: str) -> None:
    assert join_tokens(tokenised) == joined


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Hello {{ name }}, your order %(number)s", "Hello , your order"),
        ("See :class:`list <builtins.list>` **now**", "See list now"),
        ("<b>Payment</b>  methods:", "Payment methods"),
    ],
)
def test_markup_and_placeholders_are_removed(raw: str, text: str) -> None:
    assert clean(raw) == text


def test_alignment_finds_the_translation_of_each_word() -> None:
    """Words 1, 2, 3 mean 11, 12, 13; only their co-occurrence tells."""
    chinese = [[1, 2], [2, 3], [1, 3], [1], [2], [3]] * 3
    english = [[11, 12], [12, 13], [13, 11], [11], [12], [13]] * 3
    z, e, t = align(chinese, english, n_tokens=20)
    best = {int(i): int(e[z == i][t[z == i].argmax()]) for i in (1, 2, 3)}
    assert best == {1: 11, 2: 12, 3: 13}


def test_a_word_begins_near_its_translation() -> None:
    vectors = np.zeros((20, 4), dtype=np.float32)
    vectors[11:14] = np.eye(4, dtype=np.float32)[:3]
    z, e, t = np.array([1, 2]), np.array([11, 12]), np.array([1.0, 1.0])
    found = mean_vectors(z, e, t, vectors)
    assert found[1] @ vectors[11] > found[1] @ vectors[12]
    assert not found[5].any()  # nothing is known of word 5
