"""``python -m bench.channels [telegram|wechat] [messages]``: ten thousand messages, two SIGKILLs, one verdict."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.connectors.faults.platforms import run_telegram, run_wechat

_CUSTOMERS = 40


def main() -> None:
    """Run, and print lost, doubled and misordered."""
    which = sys.argv[1] if len(sys.argv) > 1 else "wechat"
    total = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    run = {"telegram": run_telegram, "wechat": run_wechat}[which]
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        verdict = asyncio.run(run(Path.cwd(), Path(folder), _CUSTOMERS, total // _CUSTOMERS))
    print(f"{which}: {verdict}; {time.monotonic() - started:.0f} s")
    sys.exit(bool(verdict.lost or verdict.doubled or verdict.misordered))


if __name__ == "__main__":
    main()
