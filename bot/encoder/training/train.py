"""Distils the English teacher into the bilingual student (Reimers and Gurevych 2020).

Every text, Chinese, English or mixed, is drawn to the teacher's vector of its English side by a
cosine loss, and must find it among the vectors of some thousand other sentences with the
probabilities that the teacher itself would give (soft-label contrastive loss). The teacher reads
each English text once; its vectors are kept as float16.
"""

from __future__ import annotations

import json
import logging
import random
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from transformers import BertModel

from bot.encoder.training import tokens
from bot.encoder.training.data import SHOP_SOURCES, Pair
from bot.encoder.training.intents import Intents
from bot.encoder.training.vectors import embed

logger = logging.getLogger(__name__)

_TRAILING = re.compile(r"[。.！!，,]+$")


@dataclass(frozen=True)
class Recipe:
    """The numbers of one training run.

    Attributes:
        pool: texts drawn at a time; they are sorted by length into batches, and their teacher
            vectors are the negatives of each other.
        batch: texts per step.
        lr_body: highest learning rate of the layers.
        lr_embedding: highest learning rate of the token vectors.
        warm_up: steps until the highest rate; afterwards it falls linearly to 0 with the clock.
        temperature: of the contrastive loss.
        cosine_weight: of the cosine loss beside the contrastive loss.
        english: share of texts that are English (the keep loss).
        dictionary: share of texts that are dictionary entries.
        mixed: chance that a text swaps some words for the other language.
        by_character: chance that a Chinese text is read without word tokens.
        seed: of all choices.
    """

    pool: int = 4096
    batch: int = 128
    lr_body: float = 1.5e-4
    lr_embedding: float = 1e-3
    warm_up: int = 100
    temperature: float = 0.05
    cosine_weight: float = 5.0
    english: float = 0.22
    dictionary: float = 0.2
    mixed: float = 0.08
    by_character: float = 0.12
    seed: int = 1


# Going on from a finished model: lower rates, smaller pools, fewer single words.
SECOND_STAGE = Recipe(lr_body=1e-4, lr_embedding=4e-4, warm_up=50, pool=2048, dictionary=0.1)


class Teacher:
    """The English model with a memory of the vectors it has computed."""

    def __init__(self, model: BertModel, tokenizer: Tokenizer, cache: Path) -> None:
        """Reads what `cache` (two files, ``.json`` and ``.npy``) already holds."""
        self._model = model
        self._model.train(False)
        self._tokenizer = tokenizer
        self._cache = cache
        self._known: dict[str, NDArray[np.float16]] = {}
        self.load(cache)

    def load(self, path: Path) -> None:
        """Adds the vectors of another cache, if it is there."""
        if path.with_suffix(".npy").exists() and path.with_suffix(".json").exists():
            texts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            self._known.update(zip(texts, np.load(path.with_suffix(".npy")), strict=True))

    def save(self) -> None:
        """Writes the memory beside the checkpoints."""
        np.save(self._cache.with_suffix(".npy"), np.stack(list(self._known.values())))
        self._cache.with_suffix(".json").write_text(json.dumps(list(self._known)), encoding="utf-8")

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Returns unit rows (n, d) in the order of `texts`."""
        missing = sorted(set(texts) - self._known.keys())
        rows = [e.ids for e in self._tokenizer.encode_batch(missing)]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        for start in range(0, len(order), 128):
            part = order[start : start + 128]
            with torch.inference_mode():
                found = embed(self._model, [rows[i] for i in part]).half().numpy()
            self._known.update((missing[i], row) for i, row in zip(part, found, strict=True))
        return torch.from_numpy(np.stack([self._known[t] for t in texts]).astype(np.float32))


def _cycle(items: Sequence[Pair], rng: random.Random) -> Iterator[Pair]:
    """Shuffled passes over the items, for ever."""
    order = list(items)
    while True:
        rng.shuffle(order)
        yield from order


# How often a source is drawn in one pass over the parallel text. Dialogue, commands and shop
# interfaces are what a customer's message is like; captions and manuals are long and far from it.
WEIGHTS = {
    "massive": 1.5,
    "massive_zh_en": 0.5,
    "tatoeba_cmn_eng": 1.5,
    "msctd_chat": 0.5,
    "3am_captions": 0.2,
    "stsb_multi_mt": 0.5,
    "python_docs_zh": 0.1,
    **dict.fromkeys(SHOP_SOURCES, 1.5),
}


def repeated(pairs: Sequence[Pair], rng: random.Random) -> list[Pair]:
    """Repeats or leaves out pairs by `WEIGHTS`."""
    return [p for p in pairs for _ in range(int(WEIGHTS[p.source] + rng.random()))]


class Sampler:
    """Draws (text, English side) examples with augmentation."""

    def __init__(
        self,
        recipe: Recipe,
        pairs: Sequence[Pair],
        dictionary: Sequence[Pair],
        english: Sequence[str],
        lexicon: tuple[dict[str, str], dict[str, str]],
        tokenizer: Tokenizer,
    ) -> None:
        """Sets up endless shuffled streams of the three kinds of text."""
        self._recipe = recipe
        self._rng = random.Random(recipe.seed)  # noqa: S311 - no secret
        self._parallel = _cycle(repeated(pairs, self._rng), self._rng)
        self._dictionary = _cycle(dictionary, self._rng)
        self._messages = _cycle([Pair("message", text, text) for text in english], self._rng)
        self._to_en, self._to_zh = lexicon
        self._by_word = tokenizer
        self._by_character = tokens.without_words(tokenizer)

    def reseed(self, seed: int) -> None:
        """Makes the next choices depend on `seed` only."""
        self._rng.seed(seed)

    def _mix_chinese(self, text: str) -> str:
        """Swaps a few Chinese words for English ones."""
        out: list[str] = []
        encoding = self._by_word.encode(text, add_special_tokens=False)
        end = 0
        for token, (first, last) in zip(encoding.tokens, encoding.offsets, strict=True):
            out.append(text[end:first])
            english = self._to_en.get(token)
            swap = english is not None and self._rng.random() < 0.4
            out.append(f" {english} " if swap else text[first:last])
            end = last
        return "".join(out) + text[end:]

    def _mix_english(self, text: str) -> str:
        words = [
            self._to_zh.get(w.lower(), w) if self._rng.random() < 0.4 else w for w in text.split()
        ]
        return " ".join(words)

    def draw(self) -> tuple[list[list[int]], list[str], NDArray[np.bool_]]:
        """Returns token ids, English sides and which texts are English, for one pool."""
        recipe, rng = self._recipe, self._rng
        words: list[str] = []
        sides: list[str] = []
        english: list[bool] = []
        parallel: list[Pair] = []
        for _ in range(recipe.pool):
            kind = rng.random()
            if kind < recipe.english:
                # Half of them translations drawn before: their teacher vector is already known.
                known = bool(parallel) and rng.random() < 0.5
                pair = rng.choice(parallel) if known else next(self._messages)
                text = self._mix_english(pair.en) if rng.random() < recipe.mixed else pair.en
            elif kind < recipe.english + recipe.dictionary:
                pair = next(self._dictionary)
                text = pair.zh
            else:
                pair = next(self._parallel)
                parallel.append(pair)
                text = self._mix_chinese(pair.zh) if rng.random() < recipe.mixed else pair.zh
                if rng.random() < 0.3:  # customers seldom end with a full stop
                    text = _TRAILING.sub("", text) or text
            words.append(text)
            sides.append(pair.en)
            english.append(kind < recipe.english)
        rows = [e.ids for e in self._by_word.encode_batch(words)]
        apart = [i for i in range(len(words)) if rng.random() < recipe.by_character]
        for i, e in zip(
            apart, self._by_character.encode_batch([words[i] for i in apart]), strict=True
        ):
            rows[i] = e.ids
        return rows, sides, np.array(english)


def loss_of(
    student: Tensor, target: Tensor, own: Tensor, english: Tensor, recipe: Recipe
) -> tuple[Tensor, Tensor]:
    """The loss of one batch.

    Args:
        student: unit rows (b, d).
        target: the pool's teacher vectors, unit rows (p, d).
        own: index into `target` of each row's own vector, (b,).
        english: which rows are English, (b,); their cosine counts twice, so that English is kept.
        recipe: gives temperature and weight.

    Returns:
        (loss, cosine of each row with its own vector).
    """
    cosine = (student * target[own]).sum(1)
    wanted = functional.softmax(target[own] @ target.T / recipe.temperature, dim=1)
    given = functional.log_softmax(student @ target.T / recipe.temperature, dim=1)
    divergence = functional.kl_div(given, wanted, reduction="batchmean")
    apart = ((1 - cosine) * (1.0 + english.float())).mean()
    return recipe.cosine_weight * apart + divergence, cosine


def _save(
    checkpoint: Path,
    student: BertModel,
    optimizers: Sequence[torch.optim.Optimizer],
    step: int,
    used: float,
) -> None:
    state = {
        "student": student.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "step": step,
        "used": used,
    }
    torch.save(state, checkpoint.with_suffix(".part"))
    checkpoint.with_suffix(".part").replace(checkpoint)


def _resume(
    checkpoint: Path, student: BertModel, optimizers: Sequence[torch.optim.Optimizer]
) -> tuple[int, float]:
    """Reads a checkpoint, if there is one; returns (step, seconds used so far)."""
    if not checkpoint.exists():
        return 0, 0.0
    state = torch.load(checkpoint)
    student.load_state_dict(state["student"])
    for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    logger.info("resumed at step %d after %.0f s", state["step"], state["used"])
    return int(state["step"]), float(state["used"])


def train(
    student: BertModel,
    teacher: Teacher,
    sampler: Sampler,
    recipe: Recipe,
    checkpoint: Path,
    seconds: float,
    every: float = 600.0,
    intents: Intents | None = None,
) -> Iterator[int]:
    """Trains until the time is over, and resumes from `checkpoint` if it is there.

    Args:
        student: trained in place.
        teacher: gives the targets.
        sampler: gives the texts.
        recipe: the numbers.
        checkpoint: file of weights, optimizers and used time.
        seconds: whole training time, used time before a resumption included.
        every: seconds between checkpoints.
        intents: where given, each step also draws the messages of one intent together.

    Yields:
        The step number after each checkpoint, the last one included.
    """
    table = student.embeddings.word_embeddings
    table.sparse = True
    body = [p for p in student.parameters() if p is not table.weight]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(body, lr=recipe.lr_body, weight_decay=0.01, fused=True),
        torch.optim.SparseAdam([table.weight], lr=recipe.lr_embedding),
    ]
    rates = (recipe.lr_body, recipe.lr_embedding)
    step, used = _resume(checkpoint, student, optimizers)
    sampler.reseed(recipe.seed + step)  # a resumed run goes on with other texts
    begin = time.monotonic() - used
    saved_at = time.monotonic()
    student.train()
    rng = np.random.default_rng(recipe.seed + step)
    means: dict[str, float] = {}
    while used < seconds:
        rows, sides, english = sampler.draw()
        targets = teacher(sides)
        order = np.argsort([len(row) for row in rows], kind="stable")
        batches = np.array_split(order, len(order) // recipe.batch)
        for b in rng.permutation(len(batches)):
            own = torch.from_numpy(batches[b])
            used = time.monotonic() - begin
            for optimizer, rate in zip(optimizers, rates, strict=True):
                optimizer.param_groups[0]["lr"] = (
                    rate * max(1 - used / seconds, 0.0) * min(1.0, (step + 1) / recipe.warm_up)
                )
            vectors = embed(student, [rows[i] for i in batches[b]])
            is_en = torch.from_numpy(english[batches[b]])
            loss, cosine = loss_of(vectors, targets, own, is_en, recipe)
            now = {"loss": loss.item()}
            torch.autograd.backward(loss)
            if intents is not None:
                apart = intents.loss(student)
                torch.autograd.backward(apart)
                now["intents"] = apart.item()
            torch.nn.utils.clip_grad_norm_(body, 1.0)
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            step += 1
            for name, chosen in (("en", is_en), ("zh", ~is_en)):
                if chosen.any():
                    now[name] = cosine[chosen].mean().item()
            for name, value in now.items():
                means[name] = 0.98 * means.get(name, value) + 0.02 * value
            if step % 50 == 0:
                figures = " ".join(f"{name} {value:.3f}" for name, value in means.items())
                logger.info("step %d, %.0f s: %s", step, used, figures)
            if time.monotonic() - saved_at > every or used >= seconds:
                _save(checkpoint, student, optimizers, step, used)
                saved_at = time.monotonic()
                yield step
            if used >= seconds:
                break
