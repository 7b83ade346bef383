"""Affinities whose rows and classes have names, so that the next state of the FAQ is told as an edit."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from bot.encoder.cache import cached_array, replace_array
from bot.faq.affinity import Affinity
from bot.faq.packed import Factor, entries

_log = structlog.get_logger(__name__)
# An edit of k rows costs 2 k n^2 steps, solving anew n^3 / 3 and 2 n^2 for each class.
_WORTH_EDITING = 1 / 5

# A row is a text in a class: (text, class). The same text in another record is another row.
Row = tuple[str, str]


@dataclass(frozen=True)
class Solved:
    """An affinity with the names of its rows and classes.

    Attributes:
        affinity: In force.
        rows: Name of each row.
        classes: Name of each class.
        base: The one it is an edit of; None when it was solved from scratch.
    """

    affinity: Affinity
    rows: Sequence[Row]
    classes: Sequence[str]
    base: Solved | None = None

    @property
    def changed(self) -> int:
        """How many rows came and went since it was solved from scratch."""
        if self.base is None:
            return 0
        return len(set(self.rows) ^ set(self.base.rows))


def solve(
    rows: Sequence[Row],
    classes: Sequence[str],
    vectors: NDArray[np.float32],
    cache: Path | None,
    *,
    editable: bool = False,
) -> Solved:
    """Solve from scratch, or take the weights from ``cache``, a file.

    Args:
        rows: Name of each row.
        classes: Name of each class.
        vectors: Unit rows, shape (n, d).
        cache: File for the weights; None for none. The factor lies beside it.
        editable: See to it that the factor is there, so that ``edit`` need not wait for it.
    """
    owners = _owners(rows, classes)
    count = len(classes)
    if cache is None:
        affinity = Affinity(vectors, owners, count)
        return Solved(affinity, rows, classes)
    key = hashlib.sha256(vectors.tobytes() + owners.tobytes() + Affinity.VERSION).digest()
    made: list[Affinity] = []

    def compute() -> NDArray[np.float32]:
        made.append(Affinity(vectors, owners, count))
        return made[0].weights

    weights = cached_array(cache, key, compute)
    stored = _factor_file(cache, key)
    affinity = made[0] if made else Affinity(vectors, owners, count, weights)
    if not affinity.exact:
        if editable:
            affinity.prepare_edits()
        return Solved(affinity, rows, classes)
    factor = _mapped(stored, len(vectors))
    if factor is None and (made or editable):
        _store(affinity.factor, stored)
        factor = _mapped(stored, len(vectors))
    return Solved(Affinity(vectors, owners, count, weights, factor), rows, classes)


def edit(
    before: Solved, rows: Sequence[Row], classes: Sequence[str], vectors: NDArray[np.float32]
) -> Solved | None:
    """Return the affinity over other rows from one that is there; None when solving anew is cheaper.

    Args:
        before: Of an earlier state.
        rows: Name of each row now.
        classes: Name of each class now.
        vectors: Unit rows now, shape (n, d).
    """
    if list(rows) == list(before.rows) and list(classes) == list(before.classes):
        return before  # only answers were edited
    base = before.base or before
    numbers = {name: number for number, name in enumerate(base.rows)}
    was = np.array([numbers.get(name, -1) for name in rows], np.int64)
    kept = int((was >= 0).sum())
    if len(base.rows) + len(rows) - 2 * kept > _WORTH_EDITING * len(base.rows):
        return None
    known = {name: number for number, name in enumerate(base.classes)}
    columns = np.array([known.get(name, -1) for name in classes], np.int64)
    owners = _owners(rows, classes)
    affinity = base.affinity.edited(vectors, owners, len(classes), was, columns, before.affinity)
    return Solved(affinity, rows, classes, base)


def _owners(rows: Sequence[Row], classes: Sequence[str]) -> NDArray[np.int64]:
    numbers = {name: number for number, name in enumerate(classes)}
    return np.array([numbers[owner] for _, owner in rows], np.int64)


def _factor_file(cache: Path, key: bytes) -> Path:
    return cache.with_name(f"{cache.stem}-factor-{key.hex()[:16]}.npy")


def _store(factor: Factor, file: Path) -> None:
    """Keep the factor on disk and nowhere else: it is n^2 bytes, 300 MB for 17,300 texts."""
    for old in file.parent.glob(f"{file.stem.rsplit('-', 1)[0]}-*.npy"):
        old.unlink(missing_ok=True)
    replace_array(file, factor.packed)


def _mapped(file: Path, size: int) -> Factor | None:
    """Return the factor as pages of its file that are read when needed; None without a good one."""
    try:
        packed = np.load(file, mmap_mode="r")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        _log.warning("faq_cache_damaged", file=str(file), error=str(error))
        return None
    fits = packed.shape == (entries(size),) and packed.dtype == np.float16
    return Factor(packed, size) if fits else None
