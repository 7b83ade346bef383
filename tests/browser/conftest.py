"""A real Chromium, from the system."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without its calls home; its absence fails in CI and skips elsewhere.

    For one module, not for the session: Playwright keeps an event loop running in this thread, and
    asynchronous tests of other modules could not start one of their own beside it.
    """
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        message = "NO BROWSER: browser tests did not run. Install the system's package 'chromium'."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found,
            args=[
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
            ],
        )  # fmt: skip
        yield browser
        browser.close()
