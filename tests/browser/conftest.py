"""A real Chromium, from the system."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, sync_playwright

NewPage = Callable[..., Page]
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


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Make pages, each in a browser profile of its own; a script error on any fails the test."""
    errors: list[str] = []
    contexts = []

    def make(locale: str = "zh-CN", **options: object) -> Page:
        context = browser.new_context(locale=locale, reduced_motion="reduce", **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert errors == []


_WIDE, _PHONE = {"width": 1440, "height": 860}, {"width": 390, "height": 860}
# WCAG 2.2's rule is off unless asked for.
_EVERY_RULE: dict[str, object] = {
    "resultTypes": ["violations"],
    "rules": {"target-size": {"enabled": True}},
}
_COLOURS: dict[str, object] = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}


def violations(page: Page, options: dict[str, object] = _EVERY_RULE) -> list[str]:
    """Return what axe finds on a page, once no colour is in the middle of its change any more."""
    page.evaluate("Promise.all(document.getAnimations().map((animation) => animation.finished))")
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{v['id']}: {[node['html'][:160] for node in v['nodes']][:3]}" for v in found["violations"]
    ]


def violations_in_all_looks(page: Page) -> list[str]:
    """Return what axe finds on a page as it is now, light and dark, wide and on a phone.

    Every rule once in each theme and at each width; what the other theme changes at a width is
    colours alone. The page is wide and light afterwards.
    """
    found = []
    for size in (_WIDE, _PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            both = (size is _WIDE) == (scheme == "light")
            found += [
                f"{scheme} {size['width']}: {one}"
                for one in violations(page, _EVERY_RULE if both else _COLOURS)
            ]
    page.set_viewport_size(_WIDE)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="light")
    return found
