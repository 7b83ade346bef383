"""Twenty customers ask the real engine and app while FAQ files are saved, broken and mended beneath them."""

from __future__ import annotations

import asyncio
import random
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from bot.faq.authoring import replace_file
from bot.faq.file_text import fresh, new_file
from bot.faq.model import Category, Record
from bot.faq.records import load_corpus
from bot.settings import Settings
from tests.stack.running import Stack

_CUSTOMERS = 20
_STEPS = 20
_CATEGORIES = ("delivery", "invoice", "account", "returns")
_QUESTIONS = {
    "包邮吗": "delivery", "Is shipping free?": "delivery", "发票什么时候开": "invoice",
    "怎么注册账号": "account", "How do I create an account?": "account",
    "七天无理由退货是怎么规定的": "returns", "What is your return policy?": "returns",
    "怎么下单": "ordering",
}  # fmt: skip
# Every answer carries the number of its save at both ends.
_MARKED = re.compile(r"〔(\d+)〕(.*?)〔(\d+)〕", re.DOTALL)


_LAST = "七天无理由退货是怎么规定的"  # of the file that is saved last


@dataclass
class Files:
    """The files that are edited.

    Attributes:
        texts: {file: its text, "@" where the number of the save goes}.
        answers: All answers, without marks.
        good: The numbers of saves that are whole and correct.
    """

    texts: dict[Path, str]
    answers: set[str]
    good: set[int] = field(default_factory=set)
    last: int = 0

    @classmethod
    def of(cls, folder: Path) -> Files:
        categories = {one.category: one for one in load_corpus(folder).categories}
        texts = {folder / f"{name}.yml": _marked(categories[name]) for name in _CATEGORIES}
        records = [record for one in categories.values() for record in one.records]
        return cls(texts, {one.side(side).answer for one in records for side in ("zh", "en")})

    def save(self, file: Path, rng: random.Random) -> None:
        """Save a file as some text editor does: in one step, in place, or in place in two steps."""
        self.last += 1
        text = self.texts[file].replace("@", str(self.last))
        self.good.add(self.last)
        match rng.choice(["replaced", "in place", "in two steps"]):
            case "replaced":
                replace_file(file, text)
            case "in place":
                file.write_text(text, "utf-8")
            case _:
                with file.open("w", encoding="utf-8") as output:
                    output.write(text[: rng.randrange(len(text))])
                    output.flush()
                    time.sleep(0.05)
                    output.seek(0)
                    output.write(text)

    def spoil(self, file: Path, rng: random.Random) -> None:
        """Leave something that must never be shown."""
        self.last += 1
        text = self.texts[file].replace("@", str(self.last))
        match rng.choice(["misspelt", "half", "quote", "empty"]):
            case "misspelt":
                text = text.replace("answer:", "anser:", 1)
            case "half":
                text = text[: rng.randrange(len(text) // 2)] + "\n  - id: [half"
            case "quote":
                text = text.replace("- id: ", '- id: "', 1)
            case _:
                text = ""
        file.write_text(text, "utf-8")


def _marked(category: Category) -> str:
    records = []
    for record in category.records:
        data = record.plain()
        for side in ("zh", "en"):
            data[side]["answer"] = f"〔@〕{data[side]['answer']}〔@〕"
        records.append(Record.model_validate(data))
    return new_file(category.category, category.title, [fresh(record) for record in records])


@pytest.fixture(scope="module")
def stack_to_edit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The real stack on the repository's files, except for an FAQ of its own."""
    ours, shop = Settings().root, tmp_path_factory.mktemp("shop")
    (shop / "data").mkdir()
    for folder, left_out in ((ours, {"data", "var", ".git"}), (ours / "data", {"faq"})):
        for inside in folder.iterdir():
            if inside.name not in left_out:
                (shop / inside.relative_to(ours)).symlink_to(inside)
    shutil.copytree(ours / "data" / "faq", shop / "data" / "faq")
    var = tmp_path_factory.mktemp("var")
    with Stack.build(var, root=shop, retrain_after_s=0, address_requests_per_minute=0) as stack:
        yield stack


async def test_edits_at_random_lose_no_turn_and_show_no_half_file(stack_to_edit: Stack) -> None:
    """An answer is one that was there before the edits, or one save's, whole: marks, words and all."""
    url = f"{stack_to_edit.url}/webhooks/rest/webhook"
    files = Files.of(stack_to_edit.settings.faq_folder)
    seen: set[int] = set()
    asked = [0]
    done = asyncio.Event()

    async def ask(http: httpx.AsyncClient, text: str) -> str:
        asked[0] += 1
        # The same question from the same customer over and over would bring a person.
        body = {"sender": f"editing-{asked[0]}", "message": text}
        answer = await http.post(url, json=body, timeout=60)
        answer.raise_for_status()
        return "".join(reply.get("text", "") for reply in answer.json())

    async def customer(number: int, http: httpx.AsyncClient) -> None:
        rng = random.Random(number)
        while not done.is_set():
            question = rng.choice(list(_QUESTIONS))
            said = await ask(http, question)
            if (found := _MARKED.match(said)) is None:
                assert said.partition("\n\n[")[0] in files.answers, (question, said)
                continue
            first, answer, last = found.groups()
            assert first == last
            assert int(first) in files.good, (question, said)
            assert answer in files.answers, (question, said)
            seen.add(int(first))

    rng = random.Random(5)
    async with (
        httpx.AsyncClient(limits=httpx.Limits(max_connections=_CUSTOMERS)) as http,
        asyncio.TaskGroup() as group,
    ):
        for number in range(_CUSTOMERS):
            group.create_task(customer(number, http))
        for _ in range(_STEPS):
            file = rng.choice(list(files.texts))
            if rng.random() < 0.5:
                # While a file is broken nothing goes live, so it is mended after a while.
                await asyncio.to_thread(files.spoil, file, rng)
                await asyncio.sleep(rng.uniform(0.1, 1.0))
            await asyncio.to_thread(files.save, file, rng)
            await asyncio.sleep(rng.uniform(0.05, 1.5))
        for file in files.texts:
            await asyncio.to_thread(files.save, file, rng)
        last = files.last
        async with asyncio.timeout(60):
            while f"〔{last}〕" not in await ask(http, _LAST):  # noqa: ASYNC110 - asking is how it is told
                await asyncio.sleep(0.2)
        done.set()
    print(f"{asked[0]} turns, {len(files.good)} saves, {len(seen)} of them seen by customers")  # noqa: T201 - for pytest -s
    assert len(seen) >= 5
