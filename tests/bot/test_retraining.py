"""When the classifier is trained anew: after edits of questions have settled, and what is told of it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import bot.retraining
from bot.conversations.engine_client import EngineDown
from bot.engine_process import inputs_fingerprint, is_trained, model_file, take_model
from bot.faq.authoring import Author
from bot.faq.live import LiveKnowledge
from bot.faq.model import Record
from bot.retraining import Retrainer, Training
from bot.settings import Settings
from tests.bot.faq.conftest import MeaningEncoder, folder  # noqa: F401 - a fixture

_TRAIN = "import pathlib,sys; p=pathlib.Path(sys.argv[1]); p.mkdir(exist_ok=True); (p/'yingda.tar.gz').write_text('new')"


class Engine:
    """Stands for the engine: loads what it is told to, or is down a few times first."""

    def __init__(self, down: int = 0) -> None:
        self.loaded: list[str] = []
        self.down = down

    async def load_model(self, model: Path) -> None:
        if self.down:
            self.down -= 1
            raise EngineDown("starting")
        self.loaded.append(await asyncio.to_thread(model.read_text, "utf-8"))


@pytest.fixture
def project(folder: Path, tmp_path: Path) -> Settings:  # noqa: F811
    """A project with the small FAQ, whose model is trained on it."""
    root = tmp_path / "root"
    for name in ("data", "models", "requirements", "bot/components"):
        (root / name).mkdir(parents=True)
    folder.rename(root / "data" / "faq")
    (tmp_path / "nlu").rename(root / "data" / "nlu")
    for name in ("config.yml", "domain.yml", "requirements/engine.txt", "bot/language.py"):
        (root / name).write_text("", "utf-8")
    settings = Settings(root=root, var=tmp_path / "var", retrain_after_s=0.2)
    trained = tmp_path / "trained"
    trained.mkdir()
    (trained / model_file(settings).name).write_text("old", "utf-8")
    take_model(settings, trained, inputs_fingerprint(settings))
    return settings


def ask_more(settings: Settings, question: str) -> None:
    author = Author(settings.faq_folder)
    stored = author.read("returns-how")
    data = stored.record.plain()
    data["en"]["questions"].append(question)
    author.save(Record.model_validate(data), stored.version)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - the state is to be seen as a page sees it
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("command", ["good", "bad"])
async def test_changed_questions_are_trained_on_and_the_engine_goes_over(
    project: Settings, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    trained: list[str] = []

    def train_command(settings: Settings, out: Path) -> list[str]:
        trained.append(command)
        return [
            sys.executable,
            "-c",
            _TRAIN if command == "good" else "raise SystemExit('no memory')",
            str(out),
        ]

    monkeypatch.setattr(bot.retraining, "train_command", train_command)
    live = LiveKnowledge.load(project.faq_folder, MeaningEncoder())
    engine = Engine()
    retrainer = Retrainer(project, engine, live)  # type: ignore[arg-type]
    retrainer.start()
    try:
        for number in range(3):
            ask_more(project, f"may I bring it back {number}")
            await asyncio.to_thread(live.publish)
        if command == "good":
            await until(lambda: is_trained(project) and engine.loaded)
            await until(lambda: retrainer.status.state is Training.CURRENT)
        else:
            await until(lambda: retrainer.status.state is Training.FAILED)
    finally:
        await retrainer.close()
    # Edits in a row are one training, unless this machine needs longer between them than the pause.
    assert 1 <= len(trained) <= 3
    if command == "good":
        assert engine.loaded[-1] == "new"
        assert model_file(project).read_text("utf-8") == "new"
        assert is_trained(project)
    else:
        assert engine.loaded == []
        assert model_file(project).read_text("utf-8") == "old"
        assert "no memory" in retrainer.status.reason


async def test_an_edited_answer_trains_nothing(project: Settings) -> None:
    live = LiveKnowledge.load(project.faq_folder, MeaningEncoder())
    retrainer = Retrainer(project, Engine(), live)  # type: ignore[arg-type]
    retrainer.start()
    try:
        file = project.faq_folder / "delivery.yml"
        file.write_text(file.read_text("utf-8").replace("7天内", "15天内"), "utf-8")
        before = live.now
        await asyncio.to_thread(live.publish)
        assert live.now is not before
        await asyncio.sleep(0)
        assert retrainer.status.state is Training.CURRENT
    finally:
        await retrainer.close()
