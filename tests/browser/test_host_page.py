"""The widget on a shop's page of another origin: a strict policy holds and nothing of the page's changes."""

from __future__ import annotations

import mimetypes
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Route, expect

from tests.browser.conftest import NewPage

_SHOP, _HOST = "https://shop.example", "https://bot.example"
# As docs/widget.md says, and nothing else is allowed.
_POLICY = (
    f"default-src 'none'; script-src {_HOST}; connect-src {_HOST} wss://bot.example; img-src {_HOST};"
    " require-trusted-types-for 'script'; base-uri 'none'; form-action 'none'"
)
_PAGE = f"""<!doctype html><html lang="en"><title>Shop</title><h1>Shop</h1>
<yingda-chat server="{_HOST}" lang="en"></yingda-chat></html>"""
_NAMES = "() => Object.getOwnPropertyNames(window)"
_STYLES = "document.styleSheets.length + document.adoptedStyleSheets.length"


def test_the_widget_keeps_to_a_strict_policy_and_leaks_nothing(
    new_page: NewPage, root: Path
) -> None:
    dist = root / "connectors" / "ui" / "dist"
    if not (dist / "yingda-chat.js").is_file():
        pytest.skip("the widget is not built")

    def host(route: Route) -> None:
        file = dist / route.request.url.removeprefix(f"{_HOST}/").partition("?")[0]
        if file.is_file():
            kind = mimetypes.guess_type(file.name)[0]
            headers = {"access-control-allow-origin": "*"}
            route.fulfill(body=file.read_bytes(), content_type=kind, headers=headers)
        else:
            route.abort()  # no server behind it: the widget says that it is offline

    page = new_page("en-GB")
    said: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        said.append(message.text)

    page.on("console", on_console)
    page.route(f"{_HOST}/**", host)
    page.route_web_socket("wss://bot.example/**", lambda socket: socket.close())
    page.route(
        f"{_SHOP}/**",
        lambda route: route.fulfill(
            body=_PAGE, content_type="text/html", headers={"content-security-policy": _POLICY}
        ),
    )
    page.goto(f"{_SHOP}/")
    before = page.evaluate(_NAMES)
    styles = page.evaluate(_STYLES)
    page.evaluate("""address => new Promise((done, failed) => {
        const script = document.createElement("script");
        script.src = globalThis.trustedTypes.createPolicy("test", {createScriptURL: (a) => a})
            .createScriptURL(address);
        script.onload = done;
        script.onerror = failed;
        document.body.append(script);
    })""", f"{_HOST}/yingda-chat.js")  # fmt: skip
    page.get_by_role("button").first.click()
    expect(page.get_by_role("textbox")).to_be_visible()
    page.get_by_role("textbox").fill("Is shipping free?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log")).to_contain_text("Is shipping free?")
    assert page.evaluate(_NAMES) == before
    assert page.evaluate(_STYLES) == styles
    assert page.evaluate("document.body.children.length") == 3  # the heading, the chat, its script
    assert not any("Content Security Policy" in line for line in said), said
    # The policy was in force all the time.
    page.evaluate("document.body.append(document.createElement('style'))")
    assert any("Content Security Policy" in line for line in said)
