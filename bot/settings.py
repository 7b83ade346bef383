"""Every setting once: its name with the unit, its default, and what it does.

Read from the environment (``YINGDA_PORT=9000``), then from a file ``.env`` in the working folder,
then from the defaults below. ``yingda settings`` prints them all.
"""

from __future__ import annotations

import json
import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_ROOT = Path(__file__).resolve().parent.parent


class Secrets(BaseModel):
    """Shared secrets between our own processes; created on first use and kept in ``var/secrets.json``."""

    engine_token: str
    actions_token: str
    session_key: str


class Settings(BaseSettings):
    """What an installation can choose; times, sizes and shares carry their unit in the name."""

    model_config = SettingsConfigDict(env_prefix="YINGDA_", env_file=".env", extra="ignore")

    root: Path = Field(_ROOT, description="Folder of config.yml, domain.yml and data/.")
    var: Path = Field(
        _ROOT / "var",
        description="Folder for what changes while running: database, secrets, caches, logs.",
    )
    host: str = Field("127.0.0.1", description="Address the app listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port the app listens on.")
    database_url: str = Field(
        "",
        description="SQLAlchemy URL; empty means SQLite in var/. For PostgreSQL: postgresql+asyncpg://user@host/yingda.",
    )
    default_language: Literal["zh", "en"] = Field(
        "zh", description="Language of replies before the customer's is known."
    )
    allowed_origins: list[str] = Field(
        ["*"], description="Origins of pages that may embed the widget, as JSON list."
    )

    encoder: str = Field(
        "models/encoder",
        description="Sentence encoder: our own folder, or any sentence-transformers name or folder.",
    )
    faq_answer_threshold: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Probability from which the best FAQ entry is the answer; empty: the fitted value.",
    )
    faq_suggest_threshold: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Probability from which FAQ entries are suggested; empty: the fitted value.",
    )

    engine_port: int = Field(5005, ge=1, le=65535, description="Loopback port of the Rasa engine.")
    engine_timeout_s: float = Field(
        8.0,
        gt=0,
        le=9.5,
        description="Seconds to wait for the engine before the customer is handed to a person.",
    )
    engine_python: Path = Field(
        _ROOT / ".venv-engine/bin/python", description="Interpreter of the engine's environment."
    )

    message_limit_chars: int = Field(
        2000, ge=100, description="Longest customer message; what is longer is cut."
    )
    outbox_attempts: int = Field(
        8, ge=1, description="Delivery attempts before a message counts as failed."
    )
    queue_ack_minutes: float = Field(
        2.0,
        ge=0,
        description="Minutes between two 'a colleague will answer' lines to a waiting customer.",
    )
    desk_hours: Path | None = Field(
        None, description="File with the desk's opening hours; empty means data/desk/hours.yml."
    )
    demo: bool = Field(True, description="Fill an empty order book with the demo shop.")
    log_json: bool = Field(False, description="Write logs as JSON lines.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log line that is written."
    )

    @property
    def faq_folder(self) -> Path:
        """The FAQ files."""
        return self.root / "data" / "faq"

    @property
    def desk_folder(self) -> Path:
        """The desk's words, ready-made answers and opening hours."""
        return self.root / "data" / "desk"

    @property
    def engine_url(self) -> str:
        """Where the app finds the engine."""
        return f"http://127.0.0.1:{self.engine_port}"

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite+aiosqlite:///{(self.var / 'yingda.sqlite3').resolve()}"

    @cached_property
    def secrets(self) -> Secrets:
        """The installation's secrets, created with the first use; readable by the owner only."""
        path = self.var / "secrets.json"
        self.var.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return Secrets.model_validate_json(path.read_text("utf-8"))
        made = Secrets(**{name: secrets.token_urlsafe(32) for name in Secrets.model_fields})
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(made.model_dump(), file)
        return made
