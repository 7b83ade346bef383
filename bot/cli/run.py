"""The ``yingda`` command as it is started: what a user can mend is said in one line."""

from __future__ import annotations

import sys

from bot.cli import app


def main() -> None:
    """Run the command; exits with 1 and a line that says what to do where the fault is not in the code."""
    from pydantic import ValidationError
    from sqlalchemy.exc import OperationalError

    from bot.faq.errors import FaqError

    try:
        app()
    except ValidationError as error:
        if error.title != "Settings":
            raise
        for one in error.errors():
            name = f"YINGDA_{'_'.join(map(str, one['loc']))}".upper()
            print(f"{name}: {one['msg']}; got {one['input']!r}", file=sys.stderr)
        sys.exit(1)
    except OperationalError as error:
        reason = str(error.orig).splitlines()[0]
        print(
            f"The database can't be used ({reason}): start Yingda with 'make run' or make the "
            "tables with 'yingda db upgrade'; YINGDA_DATABASE_URL says where it is.",
            file=sys.stderr,
        )
        sys.exit(1)
    except FaqError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
