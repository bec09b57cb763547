"""From a model's name to an engine, or to a sentence that names what is missing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.services.inference.catalog import Catalog, CatalogError
from app.services.inference.engines.connector import LocalServerOptions
from app.services.inference.engines.mock import MockEngine
from app.services.inference.engines.openai_compatible import OpenAICompatibleEngine
from app.services.inference.registry import ModelRegistry, secrets_of
from tests.fixtures.fake_llm import FakeLLM
from tests.services.inference.steps import request

PROVIDERS: dict[str, dict[str, Any]] = {
    "mock": {"engine": "mock", "open": True},
    "acme": {
        "engine": "openai",
        "base_url": "http://acme.example/v1",
        "base_url_env": "ACME_URL",
        "api_key_env": "ACME_KEY",
        "open": True,
    },
    "own": {"engine": "openai", "base_url_env": "OWN_URL", "key_required": False, "open": True},
    "vllm": {
        "engine": "openai",
        "base_url": "http://127.0.0.1:1/v1",
        "api_key_env": "VLLM_KEY",
        "key_required": False,
        "open": True,
    },
    "hf": {"engine": "huggingface", "api_key_env": "HF_KEY", "base_url_env": "HF_URL", "open": True},
    "local": {"engine": "local"},
}


@pytest.fixture
def options(tmp_path: Path) -> LocalServerOptions:
    return LocalServerOptions(tmp_path / "state", slots=2, context=256, threads=1)


def registry(
    options: LocalServerOptions, root: Any = Path("/nowhere"), models: Any = (), **env: str
) -> ModelRegistry:
    catalog = Catalog.model_validate({"providers": PROVIDERS, "models": list(models)})
    return ModelRegistry(catalog, env, root, options)


def local(path: str) -> list[dict[str, Any]]:
    return [{"name": "local/small", "path": path}]


class TestStatus:
    @pytest.mark.parametrize(
        ("name", "env", "state"),
        [
            ("mock/echo", {}, "ready"),
            ("acme/m", {"ACME_KEY": "sk"}, "not_checked"),
            ("acme/m", {}, "key_missing"),
            ("acme/m", {"ACME_KEY": " "}, "key_missing"),
            ("vllm/m", {}, "not_checked"),
            ("own/m", {}, "address_missing"),
            ("own/m", {"OWN_URL": "http://127.0.0.1:1"}, "not_checked"),
            ("hf/m", {}, "key_missing"),
            ("hf/m", {"HF_KEY": "hf"}, "not_checked"),
        ],
    )
    def test_key(self, options: LocalServerOptions, name: str, env: dict[str, str], state: str) -> None:
        assert registry(options, **env).status(name).state == state

    def test_a_missing_key_names_its_variable(self, options: LocalServerOptions) -> None:
        message = registry(options).status("acme/m").message
        assert message == "acme/m needs a key: set ACME_KEY in the environment or in .env."

    def test_a_missing_file_is_named(self, options: LocalServerOptions, tmp_path: Path) -> None:
        status = registry(options, tmp_path, local("small.gguf")).status("local/small")
        assert status.state == "file_missing"
        assert str(tmp_path / "small.gguf") in status.message

    def test_a_file_that_is_there(self, options: LocalServerOptions, tmp_path: Path) -> None:
        (tmp_path / "small.gguf").write_bytes(b"GGUF")
        assert registry(options, tmp_path, local("small.gguf")).status("local/small").state == "ready"

    @pytest.mark.parametrize("name", ["nobody/m", "mock/parrot", "mock/echo?speed=1", "local/none"])
    def test_unknown_model(self, options: LocalServerOptions, name: str) -> None:
        with pytest.raises(CatalogError):
            registry(options).status(name)

    def test_require(self, options: LocalServerOptions) -> None:
        registry(options).require("mock/echo")
        with pytest.raises(CatalogError, match="set ACME_KEY"):
            registry(options).require("acme/m")


class TestOpen:
    @pytest.mark.parametrize(
        ("name", "kind"),
        [("mock/echo", MockEngine), ("acme/m", OpenAICompatibleEngine), ("hf/m", OpenAICompatibleEngine)],
    )
    async def test_kind(self, options: LocalServerOptions, name: str, kind: type) -> None:
        opened = await registry(options, ACME_KEY="sk", HF_KEY="hf").open(name, 5)
        assert isinstance(opened.engine, kind)
        assert (opened.spec.name, opened.max_concurrency) == (name, None)
        await opened.engine.aclose()

    async def test_calls_go_to_the_address_and_with_the_key_of_the_environment(
        self, options: LocalServerOptions, fake: FakeLLM
    ) -> None:
        opened = await registry(options, ACME_KEY="sk-env", ACME_URL=fake.base_url).open("acme/m/x", 5)
        await opened.engine.generate(request())
        await opened.engine.aclose()
        assert fake.stats.last_headers["authorization"] == "Bearer sk-env"
        assert fake.stats.last_body["model"] == "m/x"

    async def test_hugging_face_by_address(self, options: LocalServerOptions, fake: FakeLLM) -> None:
        opened = await registry(options, HF_KEY="hf-env", HF_URL=fake.base_url).open("hf/org/m", 5)
        await opened.engine.generate(request())
        await opened.engine.aclose()
        assert fake.stats.last_headers["authorization"] == "Bearer hf-env"
        assert fake.stats.last_body["model"] == "org/m"

    async def test_gold_answers_reach_the_mock_alone(self, options: LocalServerOptions) -> None:
        opened = await registry(options).open("mock/gold", 5, {"Who?": "Ada"})
        assert (await opened.engine.generate(request("Question: Who?\nAnswer:"))).text == "Ada"

    async def test_no_address_names_its_variable(self, options: LocalServerOptions) -> None:
        with pytest.raises(CatalogError) as caught:
            await registry(options).open("own/m", 5)
        assert caught.value.message == "The provider of own/m has no address: set OWN_URL."

    @pytest.mark.parametrize("value", ["127.0.0.1:11434", "localhost:8080/v1", "ftp://a", "file:///etc"])
    async def test_no_web_address_names_its_variable(self, options: LocalServerOptions, value: str) -> None:
        known = registry(options, OWN_URL=value)
        with pytest.raises(CatalogError, match=f"OWN_URL is '{value}'"):
            await known.open("own/m", 5)
        with pytest.raises(CatalogError, match=f"OWN_URL is '{value}'"):
            known.fingerprint("own/m")

    async def test_another_provider_s_bad_address_harms_no_one(self, options: LocalServerOptions) -> None:
        await registry(options, OWN_URL="nonsense").open("mock/echo", 5)

    @pytest.mark.parametrize(("name", "said"), [("acme/m", "ACME_KEY"), ("nobody/m", "nobody/m")])
    async def test_unusable(self, options: LocalServerOptions, name: str, said: str) -> None:
        with pytest.raises(CatalogError, match=said):
            await registry(options).open(name, 5)


class TestConnector:
    @pytest.mark.parametrize(
        ("name", "wanted"),
        [("mock/gold", True), ("mock/gold?accuracy=0.5", True), ("mock/echo", False), ("acme/gold", False)],
    )
    def test_only_a_mock_that_is_right_needs_the_answers(
        self, options: LocalServerOptions, name: str, wanted: bool
    ) -> None:
        assert registry(options).needs_answers(name) is wanted

    def test_bounds_of_models_here_are_the_server_s(self, options: LocalServerOptions) -> None:
        connector = registry(options, models=local("a.gguf")).connector("local/small")
        assert (connector.max_concurrency, connector.window, connector.runs_here) == (2, 256, True)

    def test_bounds_of_models_elsewhere_are_the_catalog_s(self, options: LocalServerOptions) -> None:
        known = registry(options, models=[{"name": "acme/m", "context_window": 4096}])
        found = [known.connector(name) for name in ("acme/m", "acme/n")]
        assert [(one.max_concurrency, one.window) for one in found] == [(None, 4096), (None, None)]
        assert not any(one.runs_here for one in found)

    @pytest.mark.parametrize(
        ("name", "endpoint"),
        [
            ("acme/m", ("http://acme.example/v1", "sk")),
            ("hf/m", ("https://router.huggingface.co/v1", None)),
            ("mock/echo", None),
            ("local/small", None),
        ],
    )
    def test_endpoint(self, options: LocalServerOptions, name: str, endpoint: Any) -> None:
        assert registry(options, models=local("a.gguf"), ACME_KEY="sk").endpoint(name) == endpoint


class TestFingerprint:
    def test_stays_the_same(self, options: LocalServerOptions) -> None:
        one, other = registry(options), registry(options)
        assert one.fingerprint("acme/m") == other.fingerprint("acme/m")

    @pytest.mark.parametrize("name", ["acme/n", "own/m", "mock/m", "hf/m"])
    def test_model_and_provider_count(self, options: LocalServerOptions, name: str) -> None:
        known = registry(options, OWN_URL="http://acme.example/v2")
        assert known.fingerprint(name) != known.fingerprint("acme/m")

    def test_address_counts(self, options: LocalServerOptions) -> None:
        elsewhere = registry(options, ACME_URL="http://elsewhere.example/v1")
        assert elsewhere.fingerprint("acme/m") != registry(options).fingerprint("acme/m")

    def test_key_does_not(self, options: LocalServerOptions) -> None:
        keyed = registry(options, ACME_KEY="sk-1")
        assert keyed.fingerprint("acme/m") == registry(options).fingerprint("acme/m")

    @pytest.mark.parametrize("field", [{"id": "m-2025"}, {"api": "completion"}])
    def test_what_is_called_counts(self, options: LocalServerOptions, field: dict[str, Any]) -> None:
        plain = registry(options, models=[{"name": "acme/m"}])
        other = registry(options, models=[{"name": "acme/m", **field}])
        assert plain.fingerprint("acme/m") != other.fingerprint("acme/m")

    def test_price_and_words_do_not(self, options: LocalServerOptions) -> None:
        plain = registry(options, models=[{"name": "acme/m"}])
        other = registry(
            options,
            models=[{"name": "acme/m", "description": "new", "usd_per_1m": {"input": 1, "output": 1}}],
        )
        assert plain.fingerprint("acme/m") == other.fingerprint("acme/m")

    def test_local_is_by_content_not_by_place(self, options: LocalServerOptions, tmp_path: Path) -> None:
        prints = {}
        for name, content in (("a.gguf", b"GGUF1"), ("b.gguf", b"GGUF1"), ("c.gguf", b"GGUF2")):
            (tmp_path / name).write_bytes(content)
            prints[name] = registry(options, tmp_path, local(name)).fingerprint("local/small")
        assert prints["a.gguf"] == prints["b.gguf"] != prints["c.gguf"]

    def test_local_file_that_changed(self, options: LocalServerOptions, tmp_path: Path) -> None:
        file = tmp_path / "a.gguf"
        file.write_bytes(b"GGUF1")
        known = registry(options, tmp_path, local("a.gguf"))
        before = known.fingerprint("local/small")
        file.write_bytes(b"GGUF22")
        assert known.fingerprint("local/small") != before

    def test_local_software_and_context_count(self, options: LocalServerOptions, tmp_path: Path) -> None:
        (tmp_path / "a.gguf").write_bytes(b"GGUF")
        before = registry(options, tmp_path, local("a.gguf")).fingerprint("local/small")
        wider = LocalServerOptions(options.state_dir, slots=2, context=512, threads=1)
        assert registry(wider, tmp_path, local("a.gguf")).fingerprint("local/small") != before
        newer = replace(options, version="another")
        assert registry(newer, tmp_path, local("a.gguf")).fingerprint("local/small") != before

    def test_local_slots_do_not(self, options: LocalServerOptions, tmp_path: Path) -> None:
        (tmp_path / "a.gguf").write_bytes(b"GGUF")
        before = registry(options, tmp_path, local("a.gguf")).fingerprint("local/small")
        more = LocalServerOptions(options.state_dir, slots=8, context=256, threads=4)
        assert registry(more, tmp_path, local("a.gguf")).fingerprint("local/small") == before


class TestSecrets:
    def test_all_keys_that_are_set(self, options: LocalServerOptions) -> None:
        known = registry(options, ACME_KEY=" sk-1 ", HF_KEY="hf-2", OTHER_KEY="no")
        assert secrets_of(known.catalog, {"ACME_KEY": " sk-1 ", "HF_KEY": "hf-2", "OTHER": "no"}) == [
            "sk-1",
            "hf-2",
        ]


class TestAddress:
    @pytest.mark.parametrize(
        ("url", "said"),
        [
            ("acme.example/v1", "does not start with http:// or https://"),
            ("file:///etc/passwd", "does not start with http:// or https://"),
            ("http://acme.example:99999/v1", "is not an address"),
            ("http://acme.example:port/v1", "is not an address"),
            ("http://[::1", "is not an address"),
            ("http:///v1", "is not an address"),
            ("http://acme example/v1", "is not an address"),
            ("http://u:p@acme.example/v1", "holds a user name, while a key is set"),
        ],
    )
    async def test_wrong(self, options: LocalServerOptions, url: str, said: str) -> None:
        with pytest.raises(CatalogError, match=r"ACME_URL is .*, which ") as caught:
            await registry(options, ACME_KEY="sk-env", ACME_URL=url).open("acme/m", 5)
        assert said in caught.value.message

    @pytest.mark.parametrize("url", ["HTTP://Acme.example/v1", "Http://Acme.example/v1"])
    def test_scheme_in_capitals(self, options: LocalServerOptions, url: str) -> None:
        known = registry(options, ACME_KEY="sk-env", ACME_URL=url)
        assert known.connector("acme/m").base_url() == "http://Acme.example/v1"

    @pytest.mark.parametrize("key", ["sk-a\nsk-b", "sk-a\r\nx-evil: 1", "schlüssel"])
    def test_key_that_cannot_be_sent(self, options: LocalServerOptions, key: str) -> None:
        status = registry(options, ACME_KEY=key).status("acme/m")
        assert status.state == "key_missing"
        assert "ACME_KEY" in status.message
        assert key not in status.message
