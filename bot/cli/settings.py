"""``yingda settings``: every setting, its value and what it does."""

from __future__ import annotations


def settings() -> None:
    """Show every setting with its value in force.

    Set one in the environment or in a file .env, for instance:

        YINGDA_PORT=9000 yingda up
    """
    from rich.console import Console
    from rich.table import Table

    from bot.settings import Settings

    in_force = Settings()
    table = Table("Setting", "Value", "Meaning", title="Settings")
    for name, field in Settings.model_fields.items():
        table.add_row(f"YINGDA_{name.upper()}", str(getattr(in_force, name)), field.description)
    Console().print(table)
