"""Tests of settings, and that .env.example tells the truth about them."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from app.core import config
from app.core.config import PROJECT_ROOT, Settings, environment, get_settings
from app.services.inference.catalog_file import load_catalog

EXAMPLE = PROJECT_ROOT / ".env.example"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*_variables(), "DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    get_settings.cache_clear()


def _variables() -> dict[str, Any]:
    """Return each setting's variable with its default."""
    return {
        field.validation_alias if isinstance(field.validation_alias, str) else f"LLMFORGE_{name.upper()}": (
            field.default
        )
        for name, field in Settings.model_fields.items()
    }


def _shown(value: Any) -> str:
    """Return a default as .env.example shows it."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        return str(value.relative_to(PROJECT_ROOT))
    return "" if value is None else str(value)


def example() -> dict[str, str]:
    found = re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", EXAMPLE.read_text(), re.MULTILINE)
    assert len(found) == len(dict(found)), "a variable is listed twice"
    return dict(found)


class TestExample:
    def test_lists_every_setting_with_its_default(self) -> None:
        listed = example()
        for name, default in _variables().items():
            assert listed.get(name) == _shown(default), name

    def test_lists_every_variable_of_the_catalog(self) -> None:
        listed = example()
        for provider in load_catalog(PROJECT_ROOT / "configs" / "models.yaml").providers.values():
            if provider.api_key_env:
                assert listed.get(provider.api_key_env) == "", provider.label
            if provider.base_url_env:
                assert listed.get(provider.base_url_env) == (provider.base_url or ""), provider.label

    def test_lists_nothing_else(self) -> None:
        catalog = load_catalog(PROJECT_ROOT / "configs" / "models.yaml").providers.values()
        known = {*_variables(), *(p.api_key_env for p in catalog), *(p.base_url_env for p in catalog)}
        containers = (PROJECT_ROOT / "docker-compose.yml").read_text()
        assert set(example()) <= known | set(re.findall(r"\$\{([A-Z_]+)", containers))

    def test_every_variable_is_explained(self) -> None:
        for block in EXAMPLE.read_text().split("\n\n"):
            if re.search(r"^#?[A-Z][A-Z0-9_]*=", block, re.MULTILINE):
                assert block.startswith("# "), block

    def test_copied_as_it_is_it_changes_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        defaults = Settings()
        uncommented = re.sub(r"^#(?=[A-Z][A-Z0-9_]*=)", "", EXAMPLE.read_text(), flags=re.MULTILINE)
        paths = r"^LLMFORGE_(HOME|CATALOG|DATASETS_DIR|KNOWLEDGE_DIR|INDEX_DIR|DASHBOARD_DIR|GUIDE_DIR)=.*$"
        (tmp_path / ".env").write_text(re.sub(paths, "", uncommented, flags=re.MULTILINE))
        assert _read(tmp_path, monkeypatch) == defaults


def _read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings with ``folder/.env`` applied, and undo what it does to the environment."""
    monkeypatch.setattr(config, "PROJECT_ROOT", folder)
    monkeypatch.delenv("LLMFORGE_IGNORE_ENV_FILE")
    for name in example():
        if name not in os.environ:
            monkeypatch.setenv(name, "x")  # so that it is restored at the end
            monkeypatch.delenv(name)
    get_settings.cache_clear()
    return get_settings()


class TestSettings:
    def test_environment_wins_over_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / ".env").write_text("LLMFORGE_PORT=1111\nLLMFORGE_WORKERS=3\nGROQ_API_KEY='gsk x'\n")
        monkeypatch.setenv("LLMFORGE_PORT", "2222")
        settings = _read(tmp_path, monkeypatch)
        assert (settings.port, settings.workers) == (2222, 3)
        assert environment()["GROQ_API_KEY"] == "gsk x"

    def test_no_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert _read(tmp_path, monkeypatch).port == 8000

    def test_empty_means_default(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("LLMFORGE_PORT", "LLMFORGE_MODELS_DIR", "LLMFORGE_HOME", "LLMFORGE_LOG_LEVEL"):
            monkeypatch.setenv(name, "")
        settings = Settings()
        assert settings.port == 8000
        assert settings.models_dir is None
        assert settings.gguf_dir == settings.home / "models"

    def test_secrets_are_not_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LLMFORGE_API_KEY", "planted-key-of-this-test")
        monkeypatch.setenv("DATABASE_URL", "postgresql://u:planted-password@h/d")
        monkeypatch.setenv("REDIS_URL", "rediss://default:planted-token@x.upstash.io:6379")
        settings = Settings()
        assert "planted" not in f"{settings!r} {settings} {settings.model_dump_json()}"
        assert settings.api_key.get_secret_value() == "planted-key-of-this-test"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("LLMFORGE_PORT", "many"),
            ("LLMFORGE_PORT", "70000"),
            ("LLMFORGE_WORKERS", "-1"),
            ("LLMFORGE_HEARTBEAT_S", "0"),
            ("LLMFORGE_MAX_ATTEMPTS", "0"),
            ("LLMFORGE_LOG_LEVEL", "LOUD"),
            ("LLMFORGE_LOG_FORMAT", "xml"),
        ],
    )
    def test_wrong_value(self, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        with pytest.raises(ValidationError, match="(?i)" + name.removeprefix("LLMFORGE_")):
            Settings()

    @pytest.mark.parametrize(
        "value", ["a", " ", "x" * 15, f"{'x' * 15}   ", "pässwort-mit-umlaut", "a\nb" * 8]
    )
    def test_a_key_that_cannot_protect_is_refused(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        monkeypatch.setenv("LLMFORGE_API_KEY", value)
        with pytest.raises(SystemExit) as caught:
            get_settings()
        said = str(caught.value)
        assert said.startswith("error: LLMFORGE_API_KEY ")
        assert "\n" not in said
        assert value.strip() not in said or len(value.strip()) < 2

    def test_a_key_is_compared_without_spaces_around(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LLMFORGE_API_KEY", "  0123456789abcdef\n")
        assert get_settings().api_key.get_secret_value() == "0123456789abcdef"

    def test_a_wrong_port_of_the_host_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PORT", "many")
        with pytest.raises(SystemExit, match=r"error: PORT is wrong"):
            get_settings()

    def test_a_lease_outlives_three_heartbeats(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LLMFORGE_HEARTBEAT_S", "2")
        monkeypatch.setenv("LLMFORGE_STALE_AFTER_S", "6")
        assert get_settings().stale_after_s == 6
        get_settings.cache_clear()
        monkeypatch.setenv("LLMFORGE_STALE_AFTER_S", "5.9")
        with pytest.raises(SystemExit, match="LLMFORGE_STALE_AFTER_S must be at least 3"):
            get_settings()

    def test_wrong_values_are_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LLMFORGE_PORT", "many")
        monkeypatch.setenv("LLMFORGE_LOG_LEVEL", "LOUD")
        with pytest.raises(SystemExit, match=r"error: LLMFORGE_PORT is wrong: .*\nerror: LLMFORGE_LOG_LEVEL"):
            get_settings()

    @pytest.mark.parametrize(("host", "loopback"), [("127.0.0.1", True), ("::1", True), ("0.0.0.0", False)])
    def test_loopback(self, monkeypatch: pytest.MonkeyPatch, host: str, loopback: bool) -> None:
        monkeypatch.setenv("LLMFORGE_HOST", host)
        assert Settings().is_loopback is loopback

    def test_lists(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LLMFORGE_CORS_ORIGINS", " https://a.example ,,https://b.example")
        assert Settings().cors.exact == {"https://a.example", "https://b.example"}
        assert Settings().allowed_host_list == []

    @pytest.mark.parametrize(
        ("own", "host", "port"),
        [("", "", 8000), ("", "7860", 7860), ("9000", "7860", 9000), ("9000", "", 9000)],
    )
    def test_port_of_the_host(self, monkeypatch: pytest.MonkeyPatch, own: str, host: str, port: int) -> None:
        monkeypatch.setenv("LLMFORGE_PORT", own)
        monkeypatch.setenv("PORT", host)
        settings = Settings()
        assert settings.port == port
        assert ("port" in settings.model_fields_set) == bool(own or host)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("LLMFORGE_CORS_ORIGINS", "https://a.example, dash.example"),
            ("LLMFORGE_CORS_ORIGINS", "https://*"),
            ("LLMFORGE_FRAME_ANCESTORS", "none; script-src *"),
        ],
    )
    def test_wrong_origins_are_named(self, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit, match=f"error: {name} lists "):
            get_settings()

    def test_paths_are_absolute(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LLMFORGE_HOME", "~/forge")
        assert Settings().home == Path.home() / "forge"
