"""How well the bot decides on messages it has never seen.

    python -m bench.product                       the development part
    python -m bench.product --split test          the part that nobody tunes on
    python -m bench.product --failures 50         and the first 50 that went wrong
    python -m bench.product --understood FILE     score an earlier output of `yingda understand`

Latency is what `yingda understand` measures, with two dialogues at once.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.product.score import (
    METRICS,
    Message,
    Result,
    Verdict,
    judge,
    latency_ms,
    read_messages,
    split,
)

ROOT = Path(__file__).resolve().parents[2]
_ALL = "all"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench and return its exit status."""
    options = _parser().parse_args(arguments)
    messages = [m for m in read_messages() if options.split in (_ALL, split(m.id))]
    lines = options.understood.read_text("utf-8").splitlines() if options.understood else None
    verdicts = judge(messages, _understand(messages) if lines is None else lines)
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(_table(verdicts, options.split))
    median, slow = latency_ms(verdicts)
    console.print(f"latency: p50 {median:.0f} ms, p95 {slow:.0f} ms")
    failures = sorted((v for v in verdicts if v.failed), key=lambda v: list(Result).index(v.result))
    # Reading what went wrong in the test part is a first step to tuning on it.
    shown = (20 if options.split == "dev" else 0) if options.failures is None else options.failures
    for result, group in itertools.groupby(failures[:shown], key=lambda v: v.result):
        console.print(f"\n{result}", style="bold")
        for verdict in group:
            console.print(_explain(verdict), markup=False, highlight=False, soft_wrap=True)
    if options.output:
        report = _report(verdicts, failures, options.split)
        options.output.write_text(
            json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.product", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--split", choices=["dev", "test", _ALL], default="dev")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write everything as JSON")
    parser.add_argument(
        "--failures",
        type=int,
        metavar="N",
        help="list the first N; 20 of dev, else none, by default",
    )
    parser.add_argument(
        "--understood", type=Path, metavar="FILE", help="output of `yingda understand` to score"
    )
    return parser


def _understand(messages: Sequence[Message]) -> list[str]:
    """Return the output lines of ``yingda understand`` for the messages, each a dialogue by itself.

    Raises:
        SystemExit: when the command is missing or fails; its own words are on standard error.
    """
    command = Path(sys.executable).parent / "yingda"
    if not command.exists():
        raise SystemExit(f"expected the yingda command at {command}: run `make setup` first")
    questions = "".join(
        json.dumps({"id": m.id, "text": m.text}, ensure_ascii=False) + "\n" for m in messages
    )
    done = subprocess.run(
        [command, "understand"],
        input=questions,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"`yingda understand` failed with status {done.returncode}")
    return done.stdout.splitlines()


def _table(verdicts: Sequence[Verdict], part: str) -> Table:
    groups = _by_group(verdicts)
    table = Table(title=f"understanding, {part} part, {len(verdicts)} messages")
    table.add_column("")
    for name, members in groups.items():
        table.add_column(f"{name} ({len(members)})", justify="right")
    for metric in METRICS:
        shares = (metric.share(members) for members in groups.values())
        table.add_row(
            metric.name, *(f"{_percent(*share)}  {share[0]}/{share[1]}" for share in shares)
        )
    return table


def _by_group(verdicts: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    """Return the verdicts of all messages and of each kind of writing."""
    groups: dict[str, list[Verdict]] = {_ALL: list(verdicts)}
    for verdict in verdicts:
        groups.setdefault(verdict.message.group, []).append(verdict)
    return groups


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "-"


def _explain(verdict: Verdict) -> str:
    message, understood = verdict.message, verdict.understood
    hits = ", ".join(f"{faq_id} {score:.2f}" for faq_id, score in understood.faq[:3])
    confidence = "" if understood.confidence is None else f" {understood.confidence:.2f}"
    return (
        f"  {message.id}  {message.text}\n"
        f"      expected {' | '.join(message.expected)}\n"
        f"      got {understood.decision}   ({understood.intent}{confidence}; {hits})"
    )


def _report(verdicts: Sequence[Verdict], failures: Sequence[Verdict], part: str) -> dict[str, Any]:
    median, slow = latency_ms(verdicts)
    return {
        "split": part,
        "messages": len(verdicts),
        "latency_ms": {"p50": median, "p95": slow},
        "metrics": {
            metric.name: {
                name: dict(zip(("count", "of"), metric.share(members), strict=True))
                for name, members in _by_group(verdicts).items()
            }
            for metric in METRICS
        },
        "failures": [
            {
                "id": v.message.id,
                "text": v.message.text,
                "expected": v.message.expected,
                "result": v.result,
                "decision": v.understood.decision,
                "intent": v.understood.intent,
                "confidence": v.understood.confidence,
                "faq": v.understood.faq[:3],
            }
            for v in failures
        ],
    }


if __name__ == "__main__":
    raise SystemExit(main())
