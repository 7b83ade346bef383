"""Every setting once: its name with the unit, its default, and what it does.

Read from the environment (``YINGDA_PORT=9000``), then from a file ``.env`` in the working folder,
then from files named like the variables (``yingda_telegram_token``) in the folder
``YINGDA_SECRETS_DIR``, by default ``/run/secrets`` where Docker puts them, then from the defaults
below. ``yingda settings`` prints them all.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

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

    faq_broken_share_max: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Share of a change's automatic tests that may newly fail before the editor must confirm publishing.",
    )
    faq_git: bool = Field(
        True,
        description="Commit what the editor's page publishes, when the FAQ's folder lies in a git repository.",
    )
    retrain_after_s: float = Field(
        60.0,
        ge=0,
        description="Seconds without an edit until the classifier learns changed FAQ questions; 0: only at a start.",
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

    policy_folder: Path = Field(
        _ROOT / "data/policy",
        description="Folder of the shop's policies: cod.yml, cases.yml, aftersales.yml, identity.yml.",
    )
    order_events_key: SecretStr = Field(
        SecretStr(""),
        description="Key that a shop signs its order events with; empty: one of our own, see 'yingda orders key'.",
    )

    customer_token_key: SecretStr = Field(
        SecretStr(""),
        description="Key that the shop's page signs its customers' tokens with (JWT, HS256); empty: nobody signs in.",
    )
    order_api_url: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="The shop's own order API (docs/order-api.yml); empty: orders live in our own order book.",
    )
    order_api_token: SecretStr = Field(
        SecretStr(""), description="Sent to the order API as Authorization: Bearer."
    )
    order_api_timeout_s: float = Field(
        1.5,
        gt=0,
        le=5,
        description="Seconds to wait for one answer of the order API; tried 3 times.",
    )

    code_smtp_url: SecretStr = Field(
        SecretStr(""),
        description="Mail server for one-time codes, smtp://user:password@host:port; empty: codes go to the log.",
    )
    code_smtp_to: str = Field(
        "{phone}@sms.invalid", description="Address of the SMS gateway, with {phone} in it."
    )
    code_smtp_from: str = Field(
        "service@yingda.example", description="Address that one-time codes come from."
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
    public_url: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="Address under which the internet reaches the app, without path; empty: not at all.",
    )
    telegram_token: SecretStr = Field(
        SecretStr(""), description="Token of the Telegram bot from @BotFather; empty: no Telegram."
    )
    telegram_api_url: str = Field(
        "https://api.telegram.org",
        description="Telegram's Bot API, or a local Bot API server.",
    )
    wechat_app_id: str = Field(
        "", description="AppID of the WeChat Official Account; empty: no WeChat."
    )
    wechat_secret: SecretStr = Field(
        SecretStr(""), description="AppSecret of the WeChat Official Account."
    )
    wechat_token: SecretStr = Field(
        SecretStr(""),
        description="Token of the WeChat server configuration, which signs callbacks.",
    )
    wechat_aes_key: SecretStr = Field(
        SecretStr(""),
        description="EncodingAESKey of the WeChat server configuration; empty: plain mode.",
    )
    wechat_aes_key_previous: SecretStr = Field(
        SecretStr(""),
        description="The EncodingAESKey before the last change; still accepted while WeChat changes over.",
    )
    wechat_api_url: str = Field(
        "https://api.weixin.qq.com", description="WeChat's API, or the access point nearest to you."
    )
    wechat_menu: str = Field(
        "",
        description="File with the account's menu, uploaded when it changes; empty: the menu is left alone.",
    )
    wechat_mini_programs: str = Field(
        "",
        description="File that says which links open a page of the shop's mini program, as cards; empty: none.",
    )
    wecom_corp_id: str = Field(
        "",
        description="CorpID of the WeCom enterprise whose customer service (微信客服) is answered; empty: none.",
    )
    wecom_secret: SecretStr = Field(
        SecretStr(""), description="Secret of WeCom's customer service (微信客服)."
    )
    wecom_token: SecretStr = Field(
        SecretStr(""), description="Token of WeCom's callback configuration, which signs callbacks."
    )
    wecom_aes_key: SecretStr = Field(
        SecretStr(""), description="EncodingAESKey of WeCom's callback configuration."
    )
    wecom_aes_key_previous: SecretStr = Field(
        SecretStr(""), description="The EncodingAESKey before the last change; still accepted."
    )
    wecom_api_url: str = Field("https://qyapi.weixin.qq.com", description="WeCom's API.")
    wecom_people: Literal["desk", "wecom"] = Field(
        "desk",
        description="Where people answer WeCom's customers: our desk, or WeCom's own waiting pool.",
    )
    extra_channels: list[str] = Field(
        [], description="Python packages of further channels, as JSON list."
    )
    customer_messages_per_minute: float = Field(
        30,
        ge=0,
        description="Messages of one customer that are worked on in a minute; 0: no limit.",
    )
    address_requests_per_minute: float = Field(
        6000,
        ge=0,
        description="Webhook requests, and widget messages, taken from one address in a minute; 0: no limit.",
    )
    channel_messages_per_minute: float = Field(
        0,
        ge=0,
        description="Messages of one channel's customers that are worked on in a minute; 0: no limit.",
    )
    chatwoot_url: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="Address of a Chatwoot installation that hand-offs also go to; empty: none.",
    )
    chatwoot_account: int = Field(1, ge=1, description="Number of the Chatwoot account.")
    chatwoot_inbox: str = Field("", description="Identifier of the API inbox in Chatwoot.")
    chatwoot_token: SecretStr = Field(
        SecretStr(""), description="Access token of a Chatwoot agent or agent bot."
    )
    upload_scan_command: str = Field(
        "",
        description="Virus scanner for customers' files, such as 'clamdscan --no-summary'; gets the file, ends with 0 when clean.",
    )
    desk_hours: Path | None = Field(
        None, description="File with the desk's opening hours; empty means data/desk/hours.yml."
    )
    desk_promise_minutes: float = Field(
        10.0,
        gt=0,
        description="Minutes within which somebody takes a waiting conversation; then the customer is offered a call and the supervisor sees it.",
    )
    desk_capacity: int = Field(
        5, ge=1, description="Conversations that an agent has at once, unless set for the agent."
    )
    desk_auto_assign: bool = Field(
        False,
        description="Give waiting conversations to free agents by themselves; the desk's switch overrules it.",
    )
    nps_every_days: float = Field(
        90.0,
        ge=0,
        description="Least days between two questions whether a customer would recommend the shop; 0: never ask.",
    )
    demo: bool = Field(True, description="Fill an empty order book with the demo shop.")
    log_json: bool = Field(False, description="Write logs as JSON lines.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log line that is written."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read secrets from files too, where there is a folder with them."""
        folder = Path(os.environ.get("YINGDA_SECRETS_DIR", "/run/secrets"))
        files = SecretsSettingsSource(settings_cls, folder if folder.is_dir() else None)
        return init_settings, env_settings, dotenv_settings, files

    @property
    def channel_texts_file(self) -> Path:
        """What channels say by themselves."""
        return self.root / "data" / "channels" / "texts.yml"

    @property
    def files_folder(self) -> Path:
        """Where customers' files are kept."""
        return self.var / "files"

    @property
    def faq_folder(self) -> Path:
        """The FAQ files."""
        return self.root / "data" / "faq"

    @property
    def faq_pinned(self) -> dict[str, float]:
        """The FAQ thresholds that a setting fixes, by the setting's name."""
        names = ("faq_answer_threshold", "faq_suggest_threshold")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    @property
    def order_key(self) -> str:
        """The key of order events in force: the chosen one, or one derived from our own secret."""
        chosen = self.order_events_key.get_secret_value()
        own = self.secrets.session_key.encode()
        return chosen or hmac.new(own, b"order-events", "sha256").hexdigest()

    @property
    def chatwoot_key(self) -> str:
        """The secret end of the address that Chatwoot calls, derived from our own secret."""
        own = self.secrets.session_key.encode()
        return hmac.new(own, b"chatwoot", "sha256").hexdigest()[:32]

    @property
    def desk_folder(self) -> Path:
        """The desk's words, ready-made answers and opening hours."""
        return self.root / "data" / "desk"

    @property
    def mood_folder(self) -> Path:
        """What the mood model is fitted on, and its weights."""
        return self.root / "data" / "mood"

    @property
    def mood_file(self) -> Path:
        """The weights of the mood model."""
        return self.mood_folder / "weights.npz"

    @property
    def engine_url(self) -> str:
        """Where the app finds the engine."""
        return f"http://127.0.0.1:{self.engine_port}"

    @property
    def app_url(self) -> str:
        """Where the app is found on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host and host[0] != '[' else host}:{self.port}"

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
