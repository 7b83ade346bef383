"""``make bench``: the stack against a plain Rasa project. See bench/stack."""

from __future__ import annotations

from bench.stack.__main__ import main

if __name__ == "__main__":
    raise SystemExit(main())
