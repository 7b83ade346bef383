"""The engine goes over to another model while customers write, and no message is dropped."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import httpx
import pytest

from bot.conversations.engine_client import EngineClient, EngineFault
from bot.engine_process import model_file
from tests.stack.running import Stack


async def test_a_model_is_swapped_while_turns_run(stack: Stack, tmp_path: Path) -> None:
    settings = stack.settings
    model = tmp_path / "next.tar.gz"
    shutil.copy(model_file(settings), model)
    answers: list[str] = []
    done = asyncio.Event()

    async def customer(number: int, http: httpx.AsyncClient) -> None:
        asked = 0
        while not done.is_set() or not answers:
            asked += (
                1  # the same question from the same customer over and over would bring a person
            )
            response = await http.post(
                f"http://127.0.0.1:{settings.port}/webhooks/rest/webhook",
                json={"sender": f"swap-{number}-{asked}", "message": "包邮吗"},
                timeout=60,
            )
            answers.append("".join(reply.get("text", "") for reply in response.json()))

    async with (
        EngineClient(settings.engine_url, settings.secrets.engine_token, 8.0) as engine,
        httpx.AsyncClient() as http,
        asyncio.TaskGroup() as group,
    ):
        for number in range(3):
            group.create_task(customer(number, http))
        await engine.load_model(model)
        with pytest.raises(EngineFault, match="no_such_model"):
            await engine.load_model(tmp_path / "missing.tar.gz")
        done.set()
    assert len(answers) >= 3
    assert all("99" in answer for answer in answers), answers


async def test_a_stranger_loads_no_model(stack: Stack) -> None:
    async with httpx.AsyncClient(headers={"Authorization": "Bearer wrong"}) as http:
        url = f"{stack.settings.engine_url}/webhooks/turn/model"
        response = await http.put(url, json={"model": "x"}, timeout=20)
    assert response.status_code == 401
