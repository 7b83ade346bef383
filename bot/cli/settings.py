"""``yingda settings``: every setting, its value and what it does."""

from __future__ import annotations


def settings() -> None:
    """Show every setting with its value in force.

    Set one in the environment or in a file .env, for instance:

        YINGDA_PORT=9000 yingda up
    """
    from rich.console import Console
    from rich.table import Table
    from sqlalchemy.engine import make_url

    from bot.settings import Settings

    in_force = Settings()
    table = Table("Setting", "Value", "Meaning", title="Settings")
    for name, field in Settings.model_fields.items():
        value = str(getattr(in_force, name))
        if name == "database_url" and value:
            value = make_url(value).render_as_string(hide_password=True)
        table.add_row(f"YINGDA_{name.upper()}", value, field.description)
    Console().print(table)
