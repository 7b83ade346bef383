"""Search at 1,000 to a million phrasings: exact, inverted file and HNSW side by side.

    python -m bench.faq.scale                            the table, and bench/results/faq-scale.png
    python -m bench.faq.scale --sizes 1000 10000         only these
    python -m bench.faq.scale --publish                  from saving an edit of 1,000 records until it is live

The vectors are those of the shop's own phrasings, and copies of them moved at random so that a copy's
cosine with its origin is 0.75 to 0.95, which is how near paraphrases come to each other in this encoder.
The questions are such copies that are not in the index. All searches use one thread, one question at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bot.encoder import load_encoder
from bot.encoder.cache import encode_cached
from bot.faq.authoring import Author
from bot.faq.knowledge import Knowledge
from bot.faq.live import LiveKnowledge
from bot.faq.model import Record
from bot.faq.nearest import CROSSOVER, inverted_file
from bot.faq.records import load_corpus
from bot.faq.texts import prepare
from bot.faq.watching import Watcher
from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_QUESTIONS = 200
_CHUNK = 50_000
# Until the watcher has its first look behind it and the system tells it of changes.
_WATCHER_READY_S = 8.0
_MOST_CHANGED = 20


@dataclass(frozen=True)
class Measured:
    """One index at one size. ``build_s`` is from nothing, ``edit_s`` what an edit of the FAQ waits for."""

    index: str
    size: int
    build_s: float
    edit_s: float
    memory_mb: float
    recall_at_1: float
    p50_ms: float
    p95_ms: float


def moved(base: NDArray[np.float32], count: int, seed: int) -> NDArray[np.float32]:
    """Return ``count`` unit rows, each a row of ``base`` moved to a cosine of 0.75 to 0.95 with it."""
    rng = np.random.default_rng(seed)
    rows = np.empty((count, base.shape[1]), np.float32)
    for start in range(0, count, _CHUNK):
        part = rows[start : start + _CHUNK]
        origin = base[rng.integers(0, len(base), len(part))]
        noise = rng.standard_normal(part.shape, np.float32)
        noise -= (noise * origin).sum(1, keepdims=True) * origin
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        cosine = rng.uniform(0.75, 0.95, (len(part), 1)).astype(np.float32)
        part[:] = cosine * origin + np.sqrt(1 - cosine**2) * noise
    return rows


def hnsw(vectors: NDArray[np.float32]) -> Any:
    index = faiss.IndexHNSWFlat(vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction, index.hnsw.efSearch = 80, 64
    index.add(vectors)
    return index


def flat(vectors: NDArray[np.float32]) -> Any:
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return index


def measure(
    name: str,
    build: Callable[[NDArray[np.float32]], Any],
    vectors: NDArray[np.float32],
    questions: NDArray[np.float32],
    right: NDArray[np.int64] | None,
    keeps: bool = False,
) -> tuple[Measured, NDArray[np.int64]]:
    """Build and search one index.

    Args:
        name: What to call it.
        build: Makes it.
        vectors: Its rows.
        questions: Asked one at a time.
        right: The first row for each question; None takes what is found.
        keeps: Whether building once more is cheaper, as it is after an edit.
    """
    before, start = _resident_mb(), time.perf_counter()
    index = build(vectors)
    built, memory = time.perf_counter() - start, _resident_mb() - before
    edited = built
    if keeps:
        del index
        start = time.perf_counter()
        index = build(vectors)
        edited = time.perf_counter() - start
    faiss.omp_set_num_threads(1)
    index.search(questions[:1], 1)
    times, first = [], np.empty(len(questions), np.int64)
    for i, question in enumerate(questions):
        start = time.perf_counter()
        _, rows = index.search(question[None], 1)
        times.append(1000 * (time.perf_counter() - start))
        first[i] = rows[0, 0]
    faiss.omp_set_num_threads(2)
    recall = 1.0 if right is None else float((first == right).mean())
    p50, p95 = np.percentile(times, [50, 95])
    return (
        Measured(name, len(vectors), built, edited, memory, recall, float(p50), float(p95)),
        first,
    )


def measure_publish(settings: Settings, console: Console, most: int) -> None:
    """Split the shop's records into 1,000 with the same phrasings, save edits, wait until they are live."""
    encoder = load_encoder(settings.encoder)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "faq"
        folder.mkdir()
        shutil.copy(settings.faq_folder / "calibration.json", folder)
        shutil.copytree(settings.root / "data" / "nlu", Path(name) / "nlu")
        shutil.copy(settings.root / "data" / "tasks.yml", name)
        corpus = load_corpus(settings.faq_folder)
        author = Author(folder)
        many = []
        for category in corpus.categories:
            for record in category.records:
                data, pieces = record.plain(), 5
                for piece in range(pieces):
                    sides = {
                        side: {
                            **data[side],
                            "questions": data[side]["questions"][piece::pieces][:most],
                        }
                        for side in ("zh", "en")
                    }
                    if all(side["questions"] for side in sides.values()):
                        one = {"id": f"{record.id}-{piece}"[:64], **sides}
                        many.append((Record.model_validate(one), category.category, category.title))
        author.apply(author.merged(many))
        cache = Path(name) / "cache"
        shutil.copytree(settings.var / "cache", cache)
        start = time.perf_counter()
        live = LiveKnowledge.load(folder, encoder, cache)
        loaded = time.perf_counter() - start
        now = live.now.corpus
        console.print(
            f"{len(now.records)} records, {len(now.phrasings)} phrasings; loaded in {loaded:.1f} s"
        )
        live.settle()
        asyncio.run(_save_and_wait(live, author, console))
        edited, before = live.now, _Spent.now()
        live.settle()
        spent = _Spent.now() - before
        console.print(f"solving from scratch afterwards: {spent.worked_s:.1f} s of work")
        worst = max(
            abs(a.score - b.score)
            for text in ("包邮吗", "怎么退货", "cash on delivery fee", "20 records asked anew 3")
            for a, b in zip(edited.search(text), live.now.search(text), strict=True)
        )
        console.print(f"largest difference of a score from that: {worst:.1e}")


async def _save_and_wait(live: LiveKnowledge, author: Author, console: Console) -> None:
    """Save edits as a text editor does while the app's own watcher runs, and wait until they are in force."""
    records = live.now.corpus.records
    loop = asyncio.get_running_loop()
    swapped = asyncio.Event()

    def published(_before: Knowledge, _now: Knowledge) -> None:
        loop.call_soon_threadsafe(swapped.set)

    live.listen(published)
    watcher = Watcher(live)
    watcher.start()
    await asyncio.sleep(_WATCHER_READY_S)
    # Each three times, in turn: the machine is not the same from one second to the next.
    for turn, (kind, count) in enumerate(
        3 * (("an answer", 1), ("a question", 1), ("20 records", 20))
    ):
        numbers = range(turn * _MOST_CHANGED, turn * _MOST_CHANGED + count)
        change = author.merged([_changed(author, records[5 * n + 3].id, kind, n) for n in numbers])
        swapped.clear()
        start, before = time.perf_counter(), _Spent.now()
        author.apply(change)
        await swapped.wait()
        wall_s, spent = time.perf_counter() - start, _Spent.now() - before
        assert not live.status.problems
        console.print(
            f"saving {kind} until it is live: {wall_s:.2f} s by the clock, of which publishing "
            f"{live.status.seconds:.2f} s; {spent.worked_s:.2f} s of work, {spent.queued_s:.2f} s "
            f"in which a thread was ready and had no core, {spent.read_faults} pages read from disk"
        )
    await watcher.close()


def _changed(author: Author, faq_id: str, kind: str, number: int) -> tuple[Record, str, None]:
    stored = author.read(faq_id)
    data = stored.record.plain()
    data["en"]["answer"] += f" ({kind})"
    if kind != "an answer":
        data["en"]["questions"].append(f"{kind} asked anew {number}")
    return Record.model_validate(data), stored.category, None


@dataclass(frozen=True)
class _Spent:
    """What this process has spent so far; Linux only.

    Tells a slow program from a busy machine: ``queued_s`` is what other processes cost it.
    """

    worked_s: float
    queued_s: float
    read_faults: int

    @classmethod
    def now(cls) -> _Spent:
        queued_ns = 0
        for task in Path("/proc/self/task").iterdir():
            queued_ns += int((task / "schedstat").read_text("ascii").split()[1])
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_majflt
        return cls(time.process_time(), queued_ns / 1e9, faults)

    def __sub__(self, other: _Spent) -> _Spent:
        return _Spent(
            self.worked_s - other.worked_s,
            self.queued_s - other.queued_s,
            self.read_faults - other.read_faults,
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=list(_SIZES))
    parser.add_argument("--hnsw-up-to", type=int, default=100_000, metavar="N")
    parser.add_argument("--publish", action="store_true")
    parser.add_argument("--most", type=int, default=99, help="phrasings of a record and language")
    parser.add_argument("--plot", type=Path, default=ROOT / "bench" / "results" / "faq-scale.png")
    options = parser.parse_args(arguments)
    settings, console = Settings(), Console(width=120)
    if options.publish:
        measure_publish(settings, console, options.most)
        return
    corpus = load_corpus(settings.faq_folder)
    texts = [prepare(p.text) for p in corpus.phrasings]
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(settings.var / "cache", folder, dirs_exist_ok=True)
        base = encode_cached(texts, load_encoder(settings.encoder), Path(folder), "faq")
    faiss.omp_set_num_threads(2)
    questions = moved(base, _QUESTIONS, 1)
    found: list[Measured] = []
    for size in options.sizes:
        vectors = moved(base, size, 2)
        exact, right = measure("exact", flat, vectors, questions, None)
        found.append(exact)
        cells = partial(inverted_file, centres=faiss.IndexFlatIP(vectors.shape[1]))
        found.append(measure("inverted file", cells, vectors, questions, right, keeps=True)[0])
        if size <= options.hnsw_up_to:
            found.append(measure("HNSW", hnsw, vectors, questions, right)[0])
        del vectors
        for one in found[-3:]:
            console.print(json.dumps(asdict(one)), soft_wrap=True)
    console.print(_table(found))
    options.plot.parent.mkdir(parents=True, exist_ok=True)
    _plot(found).savefig(options.plot, dpi=120)
    console.print(f"Plot: {options.plot}")


def _table(found: Sequence[Measured]) -> Table:
    table = Table(title=f"Search by number of phrasings; the code changes over at {CROSSOVER:,}")
    for title in (
        "phrasings",
        "index",
        "build s",
        "edit s",
        "memory MB",
        "recall@1",
        "p50 ms",
        "p95 ms",
    ):
        table.add_column(title, justify="left" if title == "index" else "right")
    for m in found:
        table.add_row(
            f"{m.size:,}", m.index, f"{m.build_s:.2f}", f"{m.edit_s:.2f}", f"{m.memory_mb:.0f}",
            f"{m.recall_at_1:.3f}", f"{m.p50_ms:.2f}", f"{m.p95_ms:.2f}",
        )  # fmt: skip
    return table


def _plot(found: Sequence[Measured]) -> Figure:
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots(1, 2)
    for name in dict.fromkeys(m.index for m in found):
        mine = [m for m in found if m.index == name]
        sizes = [m.size for m in mine]
        axes[0].plot(sizes, [m.p50_ms for m in mine], marker="o", label=name)
        axes[1].plot(sizes, [m.edit_s for m in mine], marker="o", label=name)
    axes[0].axvline(CROSSOVER, color="black", linestyle=":", label="crossover in use")
    for axis, title in zip(axes, ("median search, ms", "after an edit, s"), strict=True):
        axis.set(xscale="log", yscale="log", xlabel="phrasings", title=title)
        axis.grid(alpha=0.3)
    axes[0].legend()
    return figure


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    main()
