"""Is a probability of 0.8 right eight times in ten? Calibration error and the diagram's points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BINS = 15  # of equal width, as in Guo et al. 2017, "On Calibration of Modern Neural Networks"

# (mean probability, share that was right, share of all messages)
Bin = tuple[float, float, float]


def reliability(
    probability: NDArray[np.float64],
    right: NDArray[np.bool_],
    weights: NDArray[np.float64] | None = None,
) -> tuple[Bin, ...]:
    """Return the bins that hold a message, lowest probability first.

    Args:
        probability: what was claimed, 0 to 1, shape (n,).
        right: what came out, shape (n,).
        weights: share of each message; equal ones when None.
    """
    shares = np.full(len(probability), 1.0) if weights is None else weights
    bucket = np.minimum((probability * BINS).astype(int), BINS - 1)
    found = []
    for number in np.unique(bucket):
        inside = bucket == number
        if (own := shares[inside]).sum() > 0:
            found.append(
                (
                    float(np.average(probability[inside], weights=own)),
                    float(np.average(right[inside], weights=own)),
                    float(own.sum() / shares.sum()),
                )
            )
    return tuple(found)


def calibration_error(bins: tuple[Bin, ...]) -> float:
    """Return the expected calibration error, 0 to 1: the mean gap between claim and outcome."""
    return sum(share * abs(claimed - outcome) for claimed, outcome, share in bins)
