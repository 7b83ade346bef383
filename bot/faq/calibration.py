"""Evidence -> the probability that a record answers the question, and the thresholds on it.

One conditional logit per language over the candidates and "none of them":

    P(record i) = exp(z_i) / (exp(z_0) + sum_j exp(z_j)),   z_i = bias + weights . evidence_i,
                                                            z_0 = none weights . none evidence

so the probabilities of all records and of "no record answers this" sum to 1, a close second lowers the
first, and a question that resembles nothing leaves everything to "none". Weights are never negative:
more evidence for a record never lowers its score. ``fit.py`` fits them; ``data/faq/calibration.json`` holds them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.faq.errors import CalibrationError
from bot.faq.index import FEATURES, NONE_FEATURES, Candidates
from bot.faq.model import LANGUAGES
from bot.language import Language

FILE_NAME = "calibration.json"
# A record is suggested beside a better one from this share of the better one's probability.
COMPANION_SHARE = 0.1
_MEND = "run 'yingda faq fit'"


class LanguageCalibration(BaseModel):
    """Weights and thresholds for questions in one language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bias: float
    weights: dict[str, float] = Field(description="One weight per feature of bot.faq.index.")
    answer: float = Field(
        ge=0, le=1, description="Probability from which the best record is the answer."
    )
    suggest: float = Field(ge=0, le=1, description="Probability from which records are suggested.")

    def probabilities(self, found: Candidates) -> NDArray[np.float64]:
        """Return P(record) for each candidate, shape (k,); with P(none) they sum to 1."""
        z = found.evidence @ self._vector(FEATURES) + self.bias
        z_none = float(found.none @ self._vector(NONE_FEATURES))
        top = max(float(z.max()), z_none)
        e = np.exp(z - top)
        return np.asarray(e / (np.exp(z_none - top) + e.sum()))

    def _vector(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        return np.array([self.weights[name] for name in names])


class Calibration(BaseModel):
    """The calibration file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder: str = Field(description="Fingerprint of the encoder it was fitted with.")
    languages: dict[Language, LanguageCalibration]
    fitted: dict[str, Any] = Field(description="How: command, counts, costs and what came out.")

    def with_thresholds(self, answer: float | None, suggest: float | None) -> Calibration:
        """Return the calibration with thresholds chosen by hand for all languages; None keeps the fitted."""
        chosen = {"answer": answer, "suggest": suggest}
        update = {name: value for name, value in chosen.items() if value is not None}
        languages = {name: one.model_copy(update=update) for name, one in self.languages.items()}
        return self.model_copy(update={"languages": languages})

    def save(self, file: Path) -> None:
        """Write the file; floats are rounded so that a refit shows only real differences."""
        file.write_text(self.model_dump_json(indent=2) + "\n", "utf-8")


def load_calibration(file: Path, fingerprint: str) -> Calibration:
    """Read the calibration for the encoder with this fingerprint.

    Raises:
        CalibrationError: The file is missing, damaged, or belongs to another encoder.
    """
    try:
        found = Calibration.model_validate_json(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise CalibrationError(f"{file} is missing; {_MEND}") from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise CalibrationError(f"{file} is no calibration file ({error}); {_MEND}") from error
    expected = {*FEATURES, *NONE_FEATURES}
    for language in LANGUAGES:
        weights = found.languages.get(language)
        if weights is None or set(weights.weights) != expected:
            raise CalibrationError(
                f"{file} does not hold the weights {', '.join(sorted(expected))} for {language}; {_MEND}"
            )
    if found.encoder != fingerprint:
        raise CalibrationError(
            f"{file} was fitted with the encoder {found.encoder!r}, but the encoder in use is "
            f"{fingerprint!r}: its probabilities would mean nothing; {_MEND}"
        )
    return found
