"""The ``yingda`` command as it is started: what a user can mend is said in one line."""

from __future__ import annotations

import sys

from bot.cli import app


def main() -> None:
    """Run the command; exits with 1 and a line that says what to do where the fault is not in the code."""
    try:
        app()
    except Exception as error:
        said = _said_of(error)
        if said is None:
            raise
        print(said, file=sys.stderr)
        sys.exit(1)


def _said_of(error: Exception) -> str | None:
    """Return what the user has to know of a fault that they can mend, ``None`` for any other."""
    from pydantic import ValidationError
    from sqlalchemy.exc import OperationalError

    from bot.faq.errors import FaqError

    if isinstance(error, ValidationError) and error.title == "Settings":
        return "\n".join(
            f"YINGDA_{'_'.join(map(str, one['loc']))}".upper()
            + f": {one['msg']}; got {one['input']!r}"
            for one in error.errors()
        )
    if isinstance(error, OperationalError):
        reason = str(error.orig).splitlines()[0]
        return (
            f"The database can't be used ({reason}): start Yingda with 'make run' or make the "
            "tables with 'yingda db upgrade'; YINGDA_DATABASE_URL says where it is."
        )
    return str(error) if isinstance(error, FaqError) else None
