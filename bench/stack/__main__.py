"""The stack against a plain Rasa project with Rasa's defaults, on the same data in one run."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import httpx
from rich.console import Console

from bench.stack import measure, report
from bench.stack.measure import Measured, Texts
from bench.stack.plain import Examples, build_project, read_examples
from bench.stack.report import Metric
from bench.stack.systems import (
    Line,
    System,
    Turn,
    engine_alone,
    model_in,
    our_system,
    our_training,
    plain_environment,
    plain_system,
    plain_training,
    train,
)
from bot.settings import Settings
from tests.stack.running import free_port

_RESULTS = Path(__file__).resolve().parents[1] / "results"
_GREETINGS = ("hello", "你好")
# Enough that none returns within the turns in which a repetition counts as a customer who gets no
# further and is offered a person (bot/desk/triggers.py).
_QUESTIONS = 24
_FEWEST_TURNS = 20
_THROUGHPUT_S = 10.0
_EXAMPLES = """\
examples:
  python -m bench                                       about ten minutes on two cores
  python -m bench --examples-per-intent 5 --turns 20    a quick look
  python -m bench --examples-per-intent 0               the plain project learns from all examples
  python -m bench --out /tmp/bench                      writes stack.json and stack.png there
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench and return its exit status."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _leave)  # so that no server outlives this process
    console = Console(width=None if sys.stdout.isatty() else 160)
    try:
        with tempfile.TemporaryDirectory(prefix="yingda-bench-") as folder:
            _run(options, Path(folder), console)
    except (RuntimeError, httpx.HTTPError) as error:
        print(f"The bench stopped: {str(error) or repr(error)}", file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace, folder: Path, console: Console) -> None:
    settings = Settings(var=folder)
    about: dict[str, Any] = {"machine": report.machine()}
    examples = read_examples(settings.root, options.examples_per_intent, _GREETINGS)
    everything = read_examples(settings.root, 0)
    about["plain_examples"], about["our_examples"] = len(examples), len(everything)

    project, ours_in, actions_port = folder / "plain", folder / "ours", free_port()
    build_project(project, settings.root, examples, actions_port)
    ours_in.mkdir()
    console.print(f"Training plain Rasa on {len(examples)} examples …")
    log = folder / "train.log"
    plain_s = train(plain_training(settings), project, plain_environment(), log)
    console.print(f"{plain_s:.0f} s. Training our engine on {len(everything)} examples …")
    command, environment = our_training(settings, ours_in)
    ours_s = train(command, settings.root, environment, log)

    plain, ours = plain_system(settings, project, actions_port), our_system(ours_in)
    alone = engine_alone(folder / "alone", model_in(ours_in), actions_port)
    lines = [*plain.lines, *ours.lines, *alone.lines]
    names = [line.name for line in lines]
    # Our first start fills a cache and a database; a restart finds them. Plain Rasa keeps nothing.
    console.print("Starting ours for the first time …")
    with ours.running(_GREETINGS[0]):
        pass
    console.print("Starting both …")
    hello = _GREETINGS[0]
    with (
        plain.running(hello) as plain_start,
        ours.running(hello) as our_start,
        alone.running(hello),
    ):
        measured = asyncio.run(_measure(lines, examples, options.turns, about, console))
        memory = _memory(plain, ours, names)
    trained = dict(zip(names[:2], (plain_s, ours_s), strict=True))
    metrics = [
        *report.speed_metrics(measured),
        Metric("start to first answer", "s", plain_start | our_start),
        *memory,
        Metric(f"training on {len(examples)} and {len(everything)} examples", "s", trained),
    ]
    console.print(report.table(metrics, names))
    for name, result in measured.items():
        console.print(f"{name}: {result.unexpected} of {result.turns} turns were not as meant.")
    for path in report.write(options.out, metrics, names, measured, about):
        console.print(f"Written: {path}")


async def _measure(
    lines: Sequence[Line],
    examples: Examples,
    turns: int,
    about: dict[str, Any],
    console: Console,
) -> dict[str, Measured]:
    measured = {line.name: Measured() for line in lines}
    async with measure.client() as http:
        texts = await _texts(http, lines, examples)
        about["texts"] = {str(turn): list(chosen) for turn, chosen in texts.items()}
        console.print(f"Latency, {turns} turns of each kind …")
        await measure.latency(http, lines, texts, turns, measured)
        console.print(f"Turns per second, {_THROUGHPUT_S:g} s each …")
        await measure.throughput(http, lines, texts, _THROUGHPUT_S, measured)
        console.print(f"One conversation of {turns} turns …")
        await measure.long_conversation(http, lines, texts, turns, measured)
    return measured


async def _texts(http: httpx.AsyncClient, lines: Sequence[Line], examples: Examples) -> Texts:
    """Return messages that every system understands, the questions from those that all learned."""
    asked = [text for text in examples.by_intent["ask_faq"] if text in examples.questions]
    greetings = [*_GREETINGS, *examples.by_intent["greet"]]
    found = {
        Turn.BARE: (await measure.usable(http, lines, Turn.BARE, greetings))[: len(_GREETINGS)],
        Turn.ACTION: await measure.usable(http, lines, Turn.ACTION, asked[: 2 * _QUESTIONS]),
    }
    for turn, texts in found.items():
        if not texts:
            raise RuntimeError(
                f"expected messages for a turn {turn} that all systems understand, found none; "
                "the plain project may have too few examples: raise --examples-per-intent"
            )
    return {**found, Turn.ACTION: found[Turn.ACTION][:_QUESTIONS]}


def _memory(plain: System, ours: System, names: Sequence[str]) -> list[Metric]:
    plain_mb, our_mb = plain.memory_mb(), ours.memory_mb()
    servers = {names[0]: plain_mb["rasa"], names[1]: our_mb["engine"]}
    whole = {names[0]: sum(plain_mb.values()), names[2]: sum(our_mb.values())}
    return [
        Metric("memory, dialogue server alone", "MB", servers),
        Metric("memory, all processes", "MB", whole),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--examples-per-intent",
        type=int,
        default=20,
        metavar="N",
        help="examples of each intent that the plain project learns from; 0 means all, and a "
        "quarter of an hour of training (default: 20). Ours always learns from all",
    )
    parser.add_argument(
        "--turns",
        type=_turns,
        default=200,
        metavar="N",
        help=f"turns of each measurement and of the long conversation, at least {_FEWEST_TURNS} "
        "(default: 200)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=_RESULTS,
        metavar="FOLDER",
        help="where stack.json and stack.png go (default: bench/results)",
    )
    return parser


def _turns(text: str) -> int:
    if not text.isdecimal() or int(text) < _FEWEST_TURNS:
        raise argparse.ArgumentTypeError(
            f"expected a number of at least {_FEWEST_TURNS}, got {text!r}"
        )
    return int(text)


def _leave(_number: int, _frame: object) -> NoReturn:
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    raise SystemExit(main())
