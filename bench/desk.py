"""A full desk: 300 customers waiting, 50 with 10 agents, and how long everything takes.

    python -m bench.desk

Prints the median and the 95th percentile in milliseconds of: a customer's message until it shows on the
agent's page, opening a conversation, an agent's answer until the customer's page shows it, and the list of
all conversations. The page is real (Chromium), the database is SQLite, the engine is a script.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.desk.running import PASSWORD, DeskApp, real_knowledge

WAITING, ACTIVE, AGENTS, ROUNDS = 300, 50, 10, 30


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as var,
        DeskApp(Path(var), real_knowledge()) as app,
        sync_playwright() as playwright,
    ):
        _fill(app)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        agent = browser.new_context(locale="zh-CN").new_page()
        _sign_in(agent, app)
        customer = browser.new_context(locale="zh-CN").new_page()
        customer.goto(f"{app.url}/?lang=zh")
        customer.get_by_test_id("launcher").click()
        _type(customer, "input", "转人工最后一位")
        row = agent.get_by_test_id("row").filter(has_text="最后一位")
        row.click()
        agent.get_by_test_id("take").click()
        agent.get_by_test_id("close").wait_for()
        client = app.client("xiaochen")
        lists = [_timed(lambda: client.get("/desk/api/conversations")) for _ in range(ROUNDS)]
        _report("list of all conversations (server)", lists)
        opened = []
        agent.get_by_test_id("tab-waiting").click()
        for number in range(ROUNDS):
            one = agent.get_by_test_id("row").nth(number)
            name = one.get_attribute("data-id")
            opened.append(
                _timed(
                    lambda one=one, name=name: (
                        one.click(),
                        agent.locator(f'[data-id="{name}"][aria-current]').wait_for(),
                        agent.get_by_test_id("line").first.wait_for(),
                    )
                )
            )
        _report("opening a conversation", opened)
        agent.get_by_test_id("tab-mine").click()
        agent.get_by_test_id("row").filter(has_text="最后一位").click()
        agent.get_by_test_id("composer").wait_for()
        there, back = [], []
        for number in range(ROUNDS):
            asked, said = f"顾客第{number}句完", f"客服第{number}句完"
            shown = agent.get_by_test_id("line").filter(has_text=asked)
            there.append(
                _timed(lambda a=asked, s=shown: (_type(customer, "input", a), s.wait_for()))
            )
            seen = customer.get_by_test_id("message").filter(has_text=said)
            back.append(_timed(lambda t=said, s=seen: (_type(agent, "composer", t), s.wait_for())))
        _report("customer's message shows at the desk", there)
        _report("agent's answer shows at the customer", back)
        browser.close()


def _fill(app: DeskApp) -> None:
    started = time.perf_counter()
    for number in range(WAITING + ACTIVE):
        app.say(f"load-{number}", f"转人工 {number} 号顾客")
    clients = [app.client(login) for login in ("xiaochen", "grace")]
    rows = clients[0].get("/desk/api/conversations").json()
    for number, row in enumerate(rows[:ACTIVE]):
        client = clients[number * len(clients) // ACTIVE]
        client.post(f"/desk/api/conversations/{row['id']}/take").raise_for_status()
    seconds = time.perf_counter() - started
    sys.stdout.write(f"{WAITING} waiting, {ACTIVE} taken, made in {seconds:.0f} s\n")


def _sign_in(page: Page, app: DeskApp) -> None:
    page.goto(f"{app.url}/desk/?lang=zh")
    page.locator("#login").fill("xiaochen")
    page.locator("#password").fill(PASSWORD)
    page.locator("button[type=submit]").click()
    page.get_by_test_id("row").first.wait_for()


def _type(page: Page, field: str, text: str) -> None:
    page.get_by_test_id(field).fill(text)
    page.get_by_test_id(field).press("Enter")


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _report(name: str, times: list[float]) -> None:
    median, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    sys.stdout.write(f"{name:<42} median {median:6.0f} ms   p95 {p95:6.0f} ms\n")


if __name__ == "__main__":
    main()
