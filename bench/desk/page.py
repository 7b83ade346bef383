"""An agent's page in Chromium: how quickly it answers a hand while the desk is full."""

from __future__ import annotations

import shutil
import time
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from bench.desk.figures import Figures
from tests.desk.running import PASSWORD

# Event Timing (https://www.w3.org/TR/event-timing/): from the hand's movement to the next picture,
# for every interaction that takes 16 ms or more; shorter ones are not reported.
_OBSERVE = """
window.slow = [];
window.long = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries())
    if (one.interactionId) window.slow.push([one.name, one.duration]);
}).observe({ type: "event", durationThreshold: 16, buffered: true });
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) window.long.push(one.duration);
}).observe({ type: "longtask", buffered: true });
"""
INTERACTION = "page: interaction to next picture"
OPENED = "page: click on a row to its transcript"
LONG = "page: long tasks (over 50 ms)"
_OPEN_EVERY = 5
_SHORTEST_MS = 16.0


async def work_on_page(url: str, login: str, figures: Figures, until: float) -> None:
    """Use the desk by hand until ``until`` (``time.monotonic``) and note how long it took to answer."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        page = await _sign_in(browser, url, login)
        done = 0
        while time.monotonic() < until:
            done += await _round(page, figures, done)
        slow: list[list[Any]] = await page.evaluate("window.slow")
        # Pointer and key events of one interaction are one: the page counts what was done.
        worst = sorted((duration for _, duration in slow), reverse=True)[:done]
        figures.times[INTERACTION] = [*worst, *[_SHORTEST_MS] * (done - len(worst))]
        figures.times[LONG] = await page.evaluate("window.long") or [0.0]
        await browser.close()


async def _sign_in(browser: Browser, url: str, login: str) -> Page:
    page = await (await browser.new_context(locale="zh-CN")).new_page()
    await page.add_init_script(_OBSERVE)
    await page.goto(f"{url}/desk/?lang=zh")
    await page.locator("#login").fill(login)
    await page.locator("#password").fill(PASSWORD)
    await page.locator("button[type=submit]").click()
    await page.get_by_test_id("row").first.wait_for(timeout=60_000)
    return page


async def _round(page: Page, figures: Figures, done: int) -> int:
    """Change lists, open a conversation, write a note; returns how many interactions that were."""
    await page.get_by_test_id("tab-all").click()
    await page.get_by_test_id("tab-waiting").click()
    row = page.get_by_test_id("row").nth(done % 37)
    name = await row.get_attribute("data-id")
    with figures.timed(OPENED):
        await page.locator(f'[data-id="{name}"]').first.click()
        await page.locator(f'[data-id="{name}"][aria-current]').wait_for()
        await page.get_by_test_id("line").first.wait_for()
    await page.keyboard.press("n")
    text = "looked at it"
    await page.keyboard.type(text)
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await page.keyboard.press("k")
    return 7 + len(text)
