"""How long importing a table takes: ``yingda faq import`` and the editor's page.

    python -m bench.faq.importing                5,000 rows
    python -m bench.faq.importing --rows 300

Rows are questions and answers about numbered lockers in both languages, one in a hundred with a mistake.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from bot.editing.drafts import Drafts
from bot.editing.importing import import_drafts
from bot.faq.authoring import Author
from bot.faq.importing import plan_import
from bot.faq.records import load_corpus
from bot.settings import Settings
from bot.storage.engine import Database
from bot.storage.migrate import upgrade

_ONE_MISTAKE_IN = 100


def table(file: Path, rows: int) -> None:
    """Write a table of ``rows`` rows in GBK."""
    with file.open("w", encoding="gbk", newline="") as output:
        writer = csv.writer(output)
        writer.writerow(["编号", "分类", "中文问题", "中文回答", "英文问题", "英文回答"])
        for n in range(rows):
            answer = "" if n % _ONE_MISTAKE_IN == 1 else f"Locker {n} is at building {n % 60}."
            asked = [f"{n}号自提柜在哪\n怎么去{n}号柜", f"where is locker {n}\nway to locker {n}"]
            writer.writerow(
                [
                    f"locker-{n}",
                    "自提柜",
                    asked[0],
                    f"{n}号自提柜在{n % 60}号楼。",
                    asked[1],
                    answer,
                ]
            )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=5_000)
    rows = parser.parse_args(arguments).rows
    settings, console = Settings(), Console()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        shutil.copytree(settings.faq_folder, root / "faq")
        shutil.copy(settings.faq_folder.parent / "tasks.yml", root)
        file = root / "lockers.csv"
        table(file, rows)
        clock, own = time.perf_counter(), time.process_time()
        with Progress(console=console) as progress:
            bar = progress.add_task("yingda faq import", total=rows)
            plan = plan_import(
                root / "faq", file, progress=lambda done, of: progress.update(bar, completed=done)
            )
            Author(root / "faq").apply(plan.change)
        _told(console, "command", clock, own, len(plan.new), len(plan.skipped))

        shutil.rmtree(root / "faq")
        shutil.copytree(settings.faq_folder, root / "faq")
        corpus = load_corpus(root / "faq")
        url = f"sqlite+aiosqlite:///{root / 'bench.sqlite3'}"
        upgrade(url)

        async def drafts() -> tuple[int, int]:
            database = Database(url)
            report = await import_drafts(
                file, corpus, lambda _: {}, Drafts(database), "bench", "imported"
            )
            await database.close()
            return report.added, len(report.faulty)

        clock, own = time.perf_counter(), time.process_time()
        added, faulty = asyncio.run(drafts())
        _told(console, "editor's page, as drafts", clock, own, added, faulty)


def _told(console: Console, what: str, clock: float, own: float, fine: int, wrong: int) -> None:
    wall_s, own_s = time.perf_counter() - clock, time.process_time() - own
    console.print(
        f"{what}: {fine} in, {wrong} with mistakes; {wall_s:.1f} s by the clock, "
        f"{own_s:.1f} s of one core"
    )


if __name__ == "__main__":
    main()
