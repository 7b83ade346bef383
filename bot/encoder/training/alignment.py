"""Vectors to begin with for Chinese tokens: IBM model 1 over translations and dictionary glosses.

The lexical translation probabilities t(English word piece | Chinese token) (Brown et al. 1993,
"The Mathematics of Statistical Machine Translation") say which of the teacher's word vectors a
Chinese token should begin as a mean of; a dictionary entry is a translation of one word.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


def align(
    chinese: Sequence[Sequence[int]],
    english: Sequence[Sequence[int]],
    n_tokens: int,
    rounds: int = 6,
) -> tuple[Ids, Ids, NDArray[np.float64]]:
    """Estimates t(e | z) by expectation maximisation.

    Args:
        chinese: token ids of each Chinese text; id 0 (padding) serves as the empty word.
        english: token ids of its translation.
        n_tokens: size of the shared vocabulary.
        rounds: EM iterations.

    Returns:
        (z, e, t): parallel arrays over all pairs of tokens that occurred together.
    """
    links_z, links_e, slots = [], [], []
    slot = 0
    for zs, es in zip(chinese, english, strict=True):
        z = np.unique(np.array([0, *zs], dtype=np.int64))
        e = np.array(es, dtype=np.int64)
        links_z.append(np.tile(z, len(e)))
        links_e.append(np.repeat(e, len(z)))
        slots.append(np.repeat(np.arange(slot, slot + len(e)), len(z)))
        slot += len(e)
    z_all, e_all = np.concatenate(links_z), np.concatenate(links_e)
    slot_all = np.concatenate(slots)
    pairs, link = np.unique(z_all * n_tokens + e_all, return_inverse=True)
    z, e = pairs // n_tokens, pairs % n_tokens
    t = np.ones(len(pairs))
    for _ in range(rounds):
        weight = t[link]
        weight /= np.bincount(slot_all, weight, minlength=slot)[slot_all]  # posterior of each link
        count = np.bincount(link, weight, minlength=len(pairs))
        t = count / np.maximum(np.bincount(z, count, minlength=n_tokens)[z], 1e-12)
    return z, e, t


def mean_vectors(
    z: Ids, e: Ids, t: NDArray[np.float64], vectors: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Mean of English vectors by t(e | z), at the usual length of a word vector.

    Returns:
        Array (n_tokens, d); a token without a translation gets zeros.
    """
    strong = t > 0.01
    z, e, t = z[strong], e[strong], t[strong]
    found = np.zeros_like(vectors)
    step = 200_000
    for start in range(0, len(z), step):  # in parts: (links, d) would not fit in memory
        part = slice(start, start + step)
        np.add.at(found, z[part], t[part, None].astype(np.float32) * vectors[e[part]])
    mass = np.bincount(z, t, minlength=len(vectors)).astype(np.float32)[:, None]
    mean = vectors[np.unique(e)].mean(axis=0)
    # Averaging draws vectors to the common mean; stretch the rest to a word's usual distance.
    offset = np.where(mass > 0, found / np.maximum(mass, 1e-6) - mean, 0.0)
    usual = np.linalg.norm(vectors[np.unique(e)] - mean, axis=1).mean()
    length = np.linalg.norm(offset, axis=1, keepdims=True)
    stretched = mean + offset * np.minimum(usual / np.maximum(length, 1e-6), 2.0)
    return np.where(mass > 0, stretched, 0.0).astype(np.float32)
