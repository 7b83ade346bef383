"""The calibration error is that of its definition, and the diagram holds every message."""

from __future__ import annotations

import numpy as np
import pytest

from bot.evaluation.reliability import BINS, calibration_error, reliability


def test_the_error_is_the_mean_gap_between_claim_and_outcome() -> None:
    # Two messages at 0.9, one right: a gap of 0.4. Two at 0.31, none right: a gap of 0.31.
    bins = reliability(np.array([0.9, 0.9, 0.31, 0.31]), np.array([True, False, False, False]))
    assert [round(right, 2) for _, right, _ in bins] == [0, 0.5]
    assert calibration_error(bins) == pytest.approx((0.4 + 0.31) / 2)


def test_what_is_right_as_often_as_it_claims_has_next_to_no_error() -> None:
    rng = np.random.default_rng(2)
    claimed = rng.uniform(size=50_000)
    honest = reliability(claimed, rng.uniform(size=50_000) < claimed)
    boasting = reliability(claimed, rng.uniform(size=50_000) < claimed / 2)
    assert len(honest) == BINS
    assert sum(share for _, _, share in honest) == pytest.approx(1)
    assert calibration_error(honest) < 0.02
    assert calibration_error(boasting) == pytest.approx(0.25, abs=0.02)


def test_weights_count_a_message_as_often_as_they_say() -> None:
    claimed, right = np.array([0.8, 0.2, 0.2]), np.array([True, False, False])
    twice = reliability(claimed[:2], right[:2], np.array([1.0, 2.0]))
    assert np.array(twice) == pytest.approx(np.array(reliability(claimed, right)))


def test_a_certain_message_falls_into_the_last_bin() -> None:
    assert reliability(np.array([1.0]), np.array([True])) == ((1.0, 1.0, 1.0),)
