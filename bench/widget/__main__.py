"""``python -m bench.widget``: sizes of our widget and of rasa-webchat, and Lighthouse's view of a page with each."""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

RASA_WEBCHAT = "rasa-webchat@1.0.1"
LIGHTHOUSE = "lighthouse@12"
_UI = Path(__file__).parents[2] / "connectors" / "ui"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_AUDITS = {
    "first-contentful-paint": "first contentful paint",
    "largest-contentful-paint": "largest contentful paint",
    "total-blocking-time": "total blocking time",
    "bootup-time": "script time",
}
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title>
<meta name="viewport" content="width=device-width"><meta name="description" content="A shop"></head>
<body><main><h1>A shop</h1><p>{text}</p></main>{embed}</body></html>"""
_EMBEDS = {
    "page alone": "",
    "Yingda": '<script src="yingda-chat.js" defer></script><yingda-chat></yingda-chat>',
    # As its README embeds it, from our own server instead of a CDN.
    "rasa-webchat": '<div id="rasa-chat-widget"></div><script src="rasa-webchat.js"></script><script src="start.js"></script>',
}
_START = 'WebChat.default.init({socketUrl: location.origin, socketPath: "/socket.io/"}, null);'


class _Handler(SimpleHTTPRequestHandler):
    """Files, compressed as any web server would."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            path /= "index.html"
        if not path.is_file():
            self.send_error(404)
            return
        body = gzip.compress(path.read_bytes(), 9)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=31536000")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> int:
    """Measure and print one table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lighthouse", action="store_true", help="also run Lighthouse")
    options.add_argument("--runs", type=int, default=5, help="Lighthouse runs of each page")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        site = build(work)
        loaded = {
            "Yingda": ([site / "yingda-chat.js"], [*(site / "assets").glob("chat-*.js")]),
            "rasa-webchat": ([site / "rasa-webchat.js"], []),
        }
        print(
            "| bytes | with the page | when opened | in all, gzip | in all, raw |\n|---|---|---|---|---|"
        )
        for name, (first, later) in loaded.items():
            files = first + later
            raw = sum(file.stat().st_size for file in files)
            print(f"| {name} | {gz(first):,} | {gz(later):,} | {gz(files):,} | {raw:,} |")
        if chosen.lighthouse:
            print_lighthouse(work, site, chosen.runs)
    return 0


def build(work: Path) -> Path:
    """Build our widget, unpack the other, and write a page for each; return their folder."""
    site = work / "site"
    subprocess.run(
        ["node", "scripts/build.js", str(site)], cwd=_UI, check=True, stdout=subprocess.DEVNULL
    )
    packed = subprocess.run(
        ["npm", "pack", "--json", RASA_WEBCHAT],
        cwd=work,
        check=True,
        capture_output=True,
        text=True,
    )
    archive = work / json.loads(packed.stdout)[0]["filename"]
    with tarfile.open(archive) as tar:
        tar.extractall(work, filter="data")
    shutil.copy(work / "package" / "lib" / "index.js", site / "rasa-webchat.js")
    (site / "start.js").write_text(_START)
    for name, embed in _EMBEDS.items():
        page = _PAGE.format(text="Good things, straight answers. " * 40, embed=embed)
        (site / f"{name.replace(' ', '-')}.html").write_text(page, "utf-8")
    return site


def gz(files: list[Path]) -> int:
    """Return how many bytes files are after gzip -9."""
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)


def print_lighthouse(work: Path, site: Path, runs: int) -> None:
    """Print the medians of Lighthouse's default: a slow phone on a slow network, simulated."""
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(work), LIGHTHOUSE],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    heads = ["performance score", "accessibility score", *_AUDITS.values(), "transferred"]
    print("\n| Lighthouse | " + " | ".join(heads) + " |\n|" + "---|" * (len(heads) + 1))
    with serving(site) as url:
        for name in _EMBEDS:
            page = f"{url}/{name.replace(' ', '-')}.html"
            found = [lighthouse(work, page) for _ in range(runs)]
            middle = [statistics.median(values) for values in zip(*found, strict=True)]
            cells = [
                f"{middle[0]:.0f}",
                f"{middle[1]:.0f}",
                *(f"{ms:,.0f} ms" for ms in middle[2:-1]),
            ]
            print(f"| {name} | {' | '.join(cells)} | {middle[-1] / 1000:,.1f} kB |")


def lighthouse(work: Path, url: str) -> list[float]:
    """Return one run's figures: scores of 100, times in ms, bytes."""
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise SystemExit("expected Chromium or Chrome, found none; install 'chromium'")
    run = subprocess.run(
        [
            str(work / "node_modules" / ".bin" / "lighthouse"), url, "--quiet", "--output=json",
            "--only-categories=performance,accessibility",
            "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
        ],
        env={**os.environ, "CHROME_PATH": browser}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    report: dict[str, Any] = json.loads(run.stdout)
    scores = [report["categories"][name]["score"] or 0 for name in ("performance", "accessibility")]
    audits = report["audits"]
    times = [audits[name]["numericValue"] for name in _AUDITS]
    return [*(100 * score for score in scores), *times, audits["total-byte-weight"]["numericValue"]]


@contextmanager
def serving(site: Path) -> Iterator[str]:
    """Serve a folder on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


if __name__ == "__main__":
    raise SystemExit(main())
