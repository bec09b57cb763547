"""Settings, read from the environment and from ``.env`` at the project's root.

``.env.example`` lists every setting with its unit and default. Keys of model providers are not
settings: the catalog names the environment variable of each, which is read when needed.
"""

import os
from base64 import b64decode
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from dotenv import load_dotenv
from pydantic import AliasChoices, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.access import UNNAMED, AccessKey, checked_key, parse_keys
from app.core.origins import Origins, frame_ancestors_of
from app.domain.spending import Limits

PROJECT_ROOT = Path(__file__).resolve().parents[3]

_IGNORE_ENV_FILE = "LLMFORGE_IGNORE_ENV_FILE"  # set by tests, so that no .env changes them
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


_BEATS_UNTIL_STALE = 3
_CAPTURED = {"span_only": True, "span_and_event": True, "event_only": False, "no_content": False}


class Settings(BaseSettings):
    """All settings of the platform; ``LLMFORGE_<NAME>`` unless the field says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix="LLMFORGE_", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    # Files and folders
    home: Path = Field(
        default=PROJECT_ROOT / "data" / "local", description="data of embedded servers, and logs"
    )
    catalog: Path = Field(default=PROJECT_ROOT / "configs" / "models.yaml")
    datasets_dir: Path = Field(default=PROJECT_ROOT / "data" / "datasets")
    dashboard_dir: Path = Field(default=PROJECT_ROOT / "frontend" / "out", description="the static export")
    guide_dir: Path = Field(default=PROJECT_ROOT / "site", description="the built guide")
    knowledge_dir: Path = Field(default=PROJECT_ROOT / "data" / "knowledge_base")
    index_dir: Path = Field(
        default=PROJECT_ROOT / "data" / "chromadb",
        description="indexes of knowledge bases, built when needed",
    )
    models_dir: Path | None = Field(default=None, description="GGUF files here appear as local/<file name>")
    model_folders: str = Field(
        default="",
        description="comma-separated folders below which models of retrieval and judges may be named by "
        "their own folder, in addition to that of GGUF files",
    )
    hub_models: str = Field(
        default="sentence-transformers/*,cross-encoder/*,facebook/bart-large-mnli",
        description="comma-separated models of retrieval and judges that may be fetched from the "
        "Hugging Face hub; organisation/*: all of one, *: any",
    )

    scorers_dir: Path | None = Field(
        default=None,
        description="folder of scorers of your own, which are run with the rights of this process",
    )

    # Servers; empty means the embedded one that `llmforge up` starts
    database_url: SecretStr = Field(default=SecretStr(""), validation_alias="DATABASE_URL")
    redis_url: SecretStr = Field(default=SecretStr(""), validation_alias="REDIS_URL")
    database_pool_size: int = Field(
        default=5, ge=1, le=200, description="connections of the API; executors of workers take 3 at most"
    )
    redis_timeout_s: float = Field(default=5.0, gt=0, le=60, description="a worker's wait for one answer")
    redis_idle_s: int = Field(
        default=280,
        ge=1,
        le=3600,
        description="most seconds that a worker's connection to Redis is silent; below the limit of the host",
    )

    backup_before_upgrade: Literal["embedded", "always", "never"] = Field(
        default="embedded",
        description="which database is backed up before its schema changes",
    )

    # API
    host: str = "127.0.0.1"
    port: int = Field(
        default=8000,
        ge=0,
        le=65535,
        validation_alias=AliasChoices("LLMFORGE_PORT", "PORT"),
        description="PORT is what hosts of containers set",
    )
    api_key: SecretStr = SecretStr("")
    api_keys: SecretStr = Field(default=SecretStr(""), description="name:read|write:key, comma-separated")
    cors_origins: str = Field(default="", description="comma-separated origins; see core/origins.py")
    frame_ancestors: str = Field(
        default="none", description="comma-separated origins whose pages may show the dashboard in a frame"
    )
    allowed_hosts: str = Field(default="", description="comma-separated Host names, in addition to loopback")
    max_body_mb: float = Field(default=1.0, gt=0, description="JSON request bodies, megabytes")
    max_upload_mb: float = Field(default=200.0, gt=0, description="dataset uploads, megabytes")

    ephemeral: bool = Field(
        default=False, description="whether what embedded servers store is lost at a restart"
    )

    # Notifications
    webhook_url: SecretStr = Field(
        default=SecretStr(""), description="http(s) address that is told when something ends; empty: none"
    )
    webhook_secret: SecretStr = Field(default=SecretStr(""), description="by which deliveries are signed")

    # Execution
    workers: int = Field(default=1, ge=0, le=64, description="worker processes of `llmforge up`")
    queue: str = "llmforge"
    heartbeat_s: float = Field(default=1.0, gt=0, le=60)
    stale_after_s: float = Field(
        default=10.0, gt=0, description="age of a heartbeat at which the experiment is taken over"
    )
    turn_s: float = Field(
        default=20.0,
        gt=0,
        description="that a worker works on one experiment while others wait; longer if it was slow to begin",
    )
    shutdown_grace_s: float = Field(default=5.0, ge=0, description="for calls in flight to finish")
    max_attempts: int = Field(default=4, ge=1, le=20, description="attempts of one model call")
    rate_limit_patience_s: float = Field(
        default=600.0, ge=0, description="total wait of one call on HTTP 429"
    )
    memory_cache_entries: int = Field(
        default=50_000, ge=0, le=10_000_000, description="answers that a process keeps in memory; 0: none"
    )
    memory_cache_mb: float = Field(
        default=32.0, ge=0, le=65_536, description="megabytes of them at most; 0: none"
    )
    batch_poll_s: float = Field(
        default=5.0, gt=0, le=3600, description="from the start of a provider's batch job to the first look"
    )
    batch_poll_longest_s: float = Field(
        default=300.0, gt=0, le=3600, description="between two looks at a batch job, at most"
    )
    batch_lines: int = Field(
        default=50_000, ge=1, le=50_000, description="calls of one batch job at most; providers take 50,000"
    )
    daily_budget_usd: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="US dollars that all experiments together may spend on a day (UTC); no limit if empty",
    )
    daily_budget_calls: int | None = Field(
        default=None, ge=1, description="calls of models that they may make on a day, failed ones included"
    )
    daily_budget_tokens: int | None = Field(
        default=None, ge=1, description="tokens that they may take on a day, prompts and answers together"
    )
    local_slots: int = Field(default=8, ge=1, le=64, description="parallel sequences, local model server")
    local_context: int = Field(default=2048, ge=256, description="tokens a sequence, local model server")
    local_threads: int = Field(default=0, ge=0, description="0: as many as there are cores for this process")

    # Wikipedia, for `llmforge kb fetch-wikipedia` and the agent's tool
    wikipedia_url: str = "https://en.wikipedia.org/w/api.php"
    wikipedia_attempts: int = Field(default=4, ge=1, le=20, description="attempts of one request")

    # Traces; OpenTelemetry's names, which its exporter reads as well, with others of its own
    otlp_endpoint: str = Field(
        default="",
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="http(s) address of a collector that gets each run as a trace; empty: none",
    )
    otlp_headers: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="OTEL_EXPORTER_OTLP_HEADERS",
        description="name=value, comma-separated",
    )
    tracing_disabled: bool = Field(
        default=False,
        validation_alias="OTEL_SDK_DISABLED",
        description="whether nothing is traced, whatever the address says",
    )
    capture_content: bool = Field(
        default=True,
        validation_alias="OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
        description="whether traces have the texts of questions, prompts, passages and answers",
    )
    trace_text_limit: int = Field(
        default=8_000,
        ge=1,
        le=1_000_000,
        validation_alias="OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        description="characters of one text in a trace, at most",
    )

    # Logs
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"
    log_to: Literal["files", "output"] = Field(
        default="files", description="where `llmforge up` writes the logs of API and workers"
    )

    @field_validator(
        "home",
        "catalog",
        "datasets_dir",
        "dashboard_dir",
        "guide_dir",
        "knowledge_dir",
        "index_dir",
        "models_dir",
        "scorers_dir",
    )
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @field_validator("stale_after_s")
    @classmethod
    def _beats_in_time(cls, value: float, others: ValidationInfo) -> float:
        beat_s = others.data.get("heartbeat_s", 0.0)
        if value < _BEATS_UNTIL_STALE * beat_s:
            raise ValueError(
                f"must be at least {_BEATS_UNTIL_STALE} × LLMFORGE_HEARTBEAT_S ({beat_s:g}): else workers "
                "take experiments from each other between two heartbeats"
            )
        return value

    @field_validator("api_key")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr) -> SecretStr:
        key = value.get_secret_value()
        return SecretStr(checked_key(key)) if key else value

    @field_validator("api_keys")
    @classmethod
    def _well_formed(cls, value: SecretStr) -> SecretStr:
        parse_keys(value.get_secret_value())
        return value

    @property
    def access_keys(self) -> tuple[AccessKey, ...]:
        """The keys of the API; that of ``LLMFORGE_API_KEY`` first, which may write."""
        named = parse_keys(self.api_keys.get_secret_value())
        single = self.api_key.get_secret_value()
        return (AccessKey(UNNAMED, "write", single), *named) if single else named

    @property
    def client_key(self) -> str:
        """The key that the command line sends: the first that may write, else any; empty without keys."""
        by_role = sorted(self.access_keys, key=lambda one: one.role != "write")
        return by_role[0].key if by_role else ""

    @field_validator("webhook_url")
    @classmethod
    def _http_only(cls, value: SecretStr) -> SecretStr:
        given = value.get_secret_value()
        if given and (not given.startswith(("http://", "https://")) or not urlsplit(given).hostname):
            raise ValueError("must be an address that begins with http:// or https://")
        return value

    @field_validator("otlp_endpoint")
    @classmethod
    def _over_http(cls, value: str) -> str:
        if value and (not value.startswith(("http://", "https://")) or not urlsplit(value).hostname):
            raise ValueError("must be an address that begins with http:// or https://")
        return value

    @field_validator("tracing_disabled", mode="before")
    @classmethod
    def _true_alone(cls, value: object) -> bool:
        return str(value).lower() == "true"  # OpenTelemetry: no other value of a variable means yes

    @field_validator("capture_content", mode="before")
    @classmethod
    def _content_or_not(cls, value: object) -> object:
        # Later conventions have words in place of true and false; there are only spans here.
        return _CAPTURED.get(str(value).lower(), value)

    @field_validator("webhook_secret")
    @classmethod
    def _readable(cls, value: SecretStr) -> SecretStr:
        coded = value.get_secret_value().removeprefix("whsec_")
        if coded != value.get_secret_value():
            try:
                b64decode(coded, validate=True)
            except ValueError:
                raise ValueError("after whsec_ there must be Base64") from None
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        Origins.of(value)
        return value

    @field_validator("frame_ancestors")
    @classmethod
    def _ancestors(cls, value: str) -> str:
        frame_ancestors_of(value)
        return value

    @property
    def has_webhook(self) -> bool:
        """Whether something is to be told of endings."""
        return bool(self.webhook_url.get_secret_value())

    @property
    def gguf_dir(self) -> Path:
        """Folder whose GGUF files appear as local models."""
        return self.models_dir or self.home / "models"

    @property
    def model_folder_list(self) -> list[Path]:
        """Folders below which an experiment may name the folder of a model."""
        return [self.gguf_dir, *(Path(one).expanduser().absolute() for one in _split(self.model_folders))]

    @property
    def hub_model_list(self) -> list[str]:
        """Models that may be fetched from the hub; a name may end with ``*``."""
        return _split(self.hub_models)

    @property
    def wikipedia_dir(self) -> Path:
        """Folder of the cache of Wikipedia's answers."""
        return self.home / "wikipedia"

    @property
    def daily_budget(self) -> Limits:
        """What the calls of all experiments may take on a day (UTC)."""
        return Limits(self.daily_budget_usd, self.daily_budget_calls, self.daily_budget_tokens)

    @property
    def is_loopback(self) -> bool:
        """Whether the API listens on loopback only."""
        return self.host in _LOOPBACK

    @property
    def cors(self) -> Origins:
        """Origins whose pages may call the API."""
        return Origins.of(self.cors_origins)

    @property
    def allowed_host_list(self) -> list[str]:
        """Names accepted in the Host header, in addition to the loopback names."""
        return _split(self.allowed_hosts)


def _split(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings of this process; the environment takes precedence over ``.env``.

    Raises:
        SystemExit: naming each variable that is wrong, and why.
    """
    if os.environ.get(_IGNORE_ENV_FILE) != "1":
        load_dotenv(PROJECT_ROOT / ".env", override=False)
    try:
        return Settings()
    except ValidationError as error:
        problems = (f"error: {_variable(one)} {_said(one)}." for one in error.errors(include_url=False))
        raise SystemExit("\n".join(problems)) from None


def _variable(problem: ErrorDetails) -> str:
    name = str(problem["loc"][0])  # the field, or its first alias
    if name == "LLMFORGE_PORT" and not os.environ.get(name):
        return "PORT"
    return name if name.isupper() else f"{Settings.model_config['env_prefix']}{name.upper()}"


def _said(problem: ErrorDetails) -> str:
    message = problem["msg"].removeprefix("Value error, ")
    return message if problem["type"] == "value_error" else f"is wrong: {message}"


def environment() -> dict[str, str]:
    """Return the environment variables, those of ``.env`` included, to look up keys of providers."""
    get_settings()
    return dict(os.environ)
