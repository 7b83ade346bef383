"""What is expensive to compute, kept on disk: a restart encodes only what changed.

Engine and app keep their vectors in one folder and read each other's: the FAQ's questions are examples
of the engine's training, and the engine's off-topic examples are rows of the FAQ's index.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from bot.encoder.base import Encoder, Vectors

_log = logging.getLogger(__name__)
_DAMAGED = (OSError, ValueError, KeyError, EOFError, BadZipFile)


def cache_file(folder: Path, kind: str, encoder: Encoder) -> Path:
    """Return the file for what depends on this encoder."""
    return folder / f"{kind}-{re.sub(r'[^A-Za-z0-9._-]+', '_', encoder.fingerprint)}.npz"


def encode_cached(
    texts: Sequence[str], encoder: Encoder, folder: Path | None, owner: str
) -> Vectors:
    """Return ``encoder.encode(texts)``, shape (n, d), taking known rows from ``folder``.

    Each owner has one file per encoder, which holds exactly the texts of its last call, found by a hash
    of the text; rows are taken from the files of all owners. A file is replaced in one step, so that a
    reader never sees half of it; a damaged one counts as missing. ``folder`` None means no cache.
    """
    if folder is None:
        return _encode(texts, encoder)
    own = cache_file(folder, f"vectors-{owner}", encoder)
    mine = _read(own, encoder.dimension)
    keys = [hashlib.sha256(text.encode()).digest() for text in texts]
    known = dict(mine)
    if not mine.keys() >= set(keys):
        for file in folder.glob(cache_file(folder, "vectors-*", encoder).name):
            known |= _read(file, encoder.dimension)
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if missing:
        known |= dict(zip(missing, _encode(list(missing.values()), encoder), strict=True))
    vectors = np.stack([known[key] for key in keys]) if keys else _encode([], encoder)
    if mine.keys() != set(keys):
        rows = np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), -1)
        _write(own, keys=rows, vectors=vectors)
    return vectors


def encode_known(
    texts: Sequence[str],
    prepare: Callable[[str], str],
    encoder: Encoder,
    known: Mapping[str, NDArray[np.float32]],
) -> NDArray[np.float32]:
    """Return one unit row per text, shape (n, d), encoding ``prepare`` of those that are not ``known``."""
    new = [text for text in dict.fromkeys(texts) if text not in known]
    rows = dict(zip(new, _encode([prepare(text) for text in new], encoder), strict=True))
    if not texts:
        return _encode([], encoder)
    return np.stack([known[text] if text in known else rows[text] for text in texts])


def replace_array(file: Path, array: NDArray[Any]) -> None:
    """Write one array as ``.npy``, in one step; its order in memory is kept."""
    _replace(file, lambda part: np.save(part, array))


def cached_array(
    file: Path, key: bytes, compute: Callable[[], NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Return the array that ``file`` holds for ``key``, or compute and write it."""
    try:
        with np.load(file) as data:
            if data["key"].tobytes() == key:
                return np.asarray(data["array"], np.float32)
    except FileNotFoundError:
        pass
    except _DAMAGED as error:
        _log.warning("%s is damaged and made anew: %s", file, error)
    array = compute()
    _write(file, key=np.frombuffer(key, np.uint8), array=array)
    return array


def _encode(texts: Sequence[str], encoder: Encoder) -> Vectors:
    if not texts:
        return np.zeros((0, encoder.dimension), np.float32)
    return np.ascontiguousarray(encoder.encode(texts), np.float32)


def _read(file: Path, dimension: int) -> dict[bytes, NDArray[np.float32]]:
    try:
        with np.load(file) as data:
            keys, vectors = data["keys"], data["vectors"]
    except FileNotFoundError:
        return {}
    except _DAMAGED as error:
        _log.warning("%s is damaged and made anew: %s", file, error)
        return {}
    if vectors.shape != (len(keys), dimension) or vectors.dtype != np.float32:
        _log.warning("%s is damaged and made anew: unexpected shape %s", file, vectors.shape)
        return {}
    return {key.tobytes(): row for key, row in zip(keys, vectors, strict=True)}


def _write(file: Path, **arrays: NDArray[Any]) -> None:
    _replace(file, lambda part: np.savez(part, **cast(Any, arrays)))


def _replace(file: Path, write: Callable[[Any], None]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=file.stem, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as part:
            write(part)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
