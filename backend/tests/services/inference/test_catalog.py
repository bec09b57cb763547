"""The model catalog: reading it, finding models in it, and errors that say where to look."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.services.inference import catalog_file
from app.services.inference.catalog import (
    Catalog,
    CatalogError,
    ModelSpec,
    Price,
    ProviderSpec,
    resolve_model_path,
)
from app.services.inference.catalog_file import load_catalog, read_catalog

SHIPPED = Path(__file__).resolve().parents[4] / "configs" / "models.yaml"
SMALL: dict[str, Any] = {
    "providers": {
        "local": {"engine": "local"},
        "acme": {"engine": "openai", "base_url": "http://a/v1", "open": True},
        "shut": {"engine": "openai", "base_url": "http://s/v1"},
    },
    "models": [
        {"name": "acme/big", "id": "big-2025-01-01", "context_window": 4096},
        {"name": "shut/one"},
        {"name": "shut/two"},
    ],
}


def write(folder: Path, content: Any) -> Path:
    path = folder / "models.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return path


def aged(path: Path) -> Path:
    """Date a file back by a minute, as one that is not being edited."""
    then = time.time_ns() - 60 * 10**9
    os.utime(path, ns=(then, then))
    return path


def changed(**parts: Any) -> dict[str, Any]:
    return {**SMALL, **parts}


def model(**fields: Any) -> dict[str, Any]:
    return changed(models=[{"name": "acme/big", **fields}])


def provider(**fields: Any) -> dict[str, Any]:
    return changed(providers={"acme": {"engine": "openai", **fields}})


class TestShipped:
    def test_loads(self) -> None:
        catalog = load_catalog(SHIPPED)
        assert {"local", "mock", "openai", "hf", "ollama"} <= set(catalog.providers)

    def test_every_model_has_its_provider(self) -> None:
        catalog = load_catalog(SHIPPED)
        for spec in catalog.models:
            assert catalog.find(spec.name)[1] == spec

    def test_names_are_unique(self) -> None:
        names = [spec.name for spec in load_catalog(SHIPPED).models]
        assert len(names) == len(set(names))

    def test_bundled_model_is_there(self) -> None:
        _, spec = load_catalog(SHIPPED).find("local/smollm2-135m-instruct")
        assert resolve_model_path(spec, SHIPPED.parent).read_bytes()[:4] == b"GGUF"


class TestLoad:
    def test_small(self, tmp_path: Path) -> None:
        catalog = load_catalog(write(tmp_path, SMALL))
        assert catalog.models[0].context_window == 4096
        assert catalog.providers["shut"].open is False

    @pytest.mark.parametrize(
        ("content", "place"),
        [
            (model(colour="red"), "models.0.colour"),
            (model(context_window=0), "models.0.context_window"),
            (model(context_window="many"), "models.0.context_window"),
            (model(api="telepathy"), "models.0.api"),
            (model(usd_per_1m={"input": 1}), "models.0.usd_per_1m.output"),
            (model(usd_per_1m={"input": -1, "output": 1}), "models.0.usd_per_1m.input"),
            (changed(models=[{"id": "x"}]), "models.0.name"),
            (changed(models=[SMALL["models"][0], {"name": "no slash"}]), "models.1.name"),
            (changed(models=[{"name": "acme/two words"}]), "models.0.name"),
            (provider(colour="red"), "providers.acme.colour"),
            (provider(engine="steam"), "providers.acme.engine"),
            (provider(fields={"seed": 7}), "providers.acme.fields.seed"),
            (changed(providers={"acme": {}}), "providers.acme.engine"),
            (changed(plugins=[]), "plugins"),
            ({"providers": {}}, "models"),
        ],
    )
    def test_wrong_entry(self, tmp_path: Path, content: dict[str, Any], place: str) -> None:
        path = write(tmp_path, content)
        with pytest.raises(CatalogError) as caught:
            load_catalog(path)
        assert caught.value.message.startswith(f"The model catalog {path} is wrong at {place}: ")

    @pytest.mark.parametrize("content", ["", "just text", "[1, 2]", "null"])
    def test_no_mapping(self, tmp_path: Path, content: str) -> None:
        path = write(tmp_path, content)
        with pytest.raises(CatalogError) as caught:
            load_catalog(path)
        assert caught.value.message.startswith(f"The model catalog {path} is wrong at its top level: ")

    @pytest.mark.parametrize(
        ("content", "place"), [("a: [1, 2", "line 1"), ("ok: 1\n\tbad: 2\n", "line 2"), ("a: b: c", "line 1")]
    )
    def test_no_yaml(self, tmp_path: Path, content: str, place: str) -> None:
        path = write(tmp_path, content)
        with pytest.raises(CatalogError) as caught:
            load_catalog(path)
        assert str(path) in caught.value.message
        assert place in caught.value.message

    def test_no_text(self, tmp_path: Path) -> None:
        path = tmp_path / "models.yaml"
        path.write_bytes(b"\xff\xfe\x00bad")
        with pytest.raises(CatalogError, match="is not valid YAML") as caught:
            load_catalog(path)
        assert str(path) in caught.value.message

    def test_no_file(self, tmp_path: Path) -> None:
        path = tmp_path / "models.yaml"
        with pytest.raises(CatalogError) as caught:
            load_catalog(path)
        assert caught.value.message == f"Cannot read the model catalog {path}: No such file or directory."

    def test_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(CatalogError, match="Is a directory"):
            load_catalog(tmp_path)


class TestGgufFolder:
    def test_files_become_models(self, tmp_path: Path) -> None:
        folder = tmp_path / "my models"
        folder.mkdir()
        for name in ("tiny.Q4.gguf", "big.gguf", "notes.txt"):
            (folder / name).write_bytes(b"GGUF")
        catalog = load_catalog(write(tmp_path, SMALL), folder)
        found = [spec for spec in catalog.models if spec.provider == "local"]
        assert [spec.name for spec in found] == ["local/big", "local/tiny.Q4"]
        assert found[0].usd_per_1m == Price(input=0, output=0)
        assert resolve_model_path(found[0], tmp_path) == folder / "big.gguf"

    def test_the_catalog_s_entry_wins(self, tmp_path: Path) -> None:
        (tmp_path / "big.gguf").write_bytes(b"GGUF")
        entry = {"name": "local/big", "path": "elsewhere.gguf"}
        catalog = load_catalog(write(tmp_path, changed(models=[entry])), tmp_path)
        assert [spec.path for spec in catalog.models] == ["elsewhere.gguf"]

    def test_a_name_with_a_space_cannot_be_written_in_a_config(self, tmp_path: Path) -> None:
        (tmp_path / "my model.gguf").write_bytes(b"GGUF")
        catalog = load_catalog(write(tmp_path, SMALL), tmp_path)
        assert not [spec for spec in catalog.models if spec.provider == "local"]

    @pytest.mark.parametrize("folder", [None, Path("/nowhere/at/all")])
    def test_no_folder(self, tmp_path: Path, folder: Path | None) -> None:
        assert len(load_catalog(write(tmp_path, SMALL), folder).models) == 3


class TestKept:
    """A catalog is read from its file once for as long as the file stays the same."""

    @pytest.fixture
    def reads(self, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
        """Paths of the catalogs that were read, one for each time."""
        found: list[Path] = []

        def counted(path: Path) -> Catalog:
            found.append(path)
            return read_catalog(path)

        monkeypatch.setattr(catalog_file, "read_catalog", counted)
        return found

    def test_an_old_file_is_read_once(self, tmp_path: Path, reads: list[Path]) -> None:
        path = aged(write(tmp_path, SMALL))
        assert load_catalog(path) == load_catalog(path) == read_catalog(path)
        assert reads == [path]

    def test_an_edit_is_seen(self, tmp_path: Path, reads: list[Path]) -> None:
        path = aged(write(tmp_path, SMALL))
        load_catalog(path)
        write(tmp_path, model(id="other"))
        assert [spec.id for spec in load_catalog(path).models] == ["other"]
        assert len(reads) == 2

    def test_edits_within_one_tick_of_the_clock_are_seen(self, tmp_path: Path) -> None:
        now = time.time_ns()
        for name in ("one", "two"):
            path = write(tmp_path, model(id=name))
            os.utime(path, ns=(now, now))
            assert load_catalog(path).models[0].id == name

    def test_a_file_put_in_its_place_is_seen(self, tmp_path: Path) -> None:
        path = aged(write(tmp_path, model(id="one")))
        load_catalog(path)
        (tmp_path / "new").mkdir()
        aged(write(tmp_path / "new", model(id="two"))).replace(path)
        assert load_catalog(path).models[0].id == "two"

    def test_a_wrong_edit_and_its_repair_are_seen(self, tmp_path: Path) -> None:
        path = aged(write(tmp_path, SMALL))
        load_catalog(path)
        aged(write(tmp_path, model(colour="red")))
        for _ in range(2):
            with pytest.raises(CatalogError, match="colour"):
                load_catalog(path)
        aged(write(tmp_path, SMALL))
        assert len(load_catalog(path).models) == 3
        path.unlink()
        with pytest.raises(CatalogError, match="No such file"):
            load_catalog(path)

    def test_a_new_gguf_file_is_seen(self, tmp_path: Path, reads: list[Path]) -> None:
        path = aged(write(tmp_path, SMALL))
        assert len(load_catalog(path, tmp_path).models) == 3
        (tmp_path / "tiny.gguf").write_bytes(b"GGUF")
        assert load_catalog(path, tmp_path).models[-1].name == "local/tiny"
        (tmp_path / "tiny.gguf").unlink()
        assert len(load_catalog(path, tmp_path).models) == 3
        assert reads == [path]

    def test_a_change_by_one_caller_is_not_seen_by_another(self, tmp_path: Path) -> None:
        path = aged(write(tmp_path, provider(extra_body={"deep": {"a": 1}}, fields={"seed": "s"})))
        mine = load_catalog(path).providers["acme"]
        mine.extra_body["deep"]["a"] = 2
        mine.fields["seed"] = None
        theirs = load_catalog(path).providers["acme"]
        assert theirs.extra_body == {"deep": {"a": 1}}
        assert theirs.fields == {"seed": "s"}

    def test_the_shipped_catalog_is_kept_as_it_was_read(self) -> None:
        assert load_catalog(SHIPPED) == read_catalog(SHIPPED)


class TestFind:
    catalog = Catalog.model_validate(SMALL)

    def test_listed(self) -> None:
        found, spec = self.catalog.find("acme/big")
        assert found.base_url == "http://a/v1"
        assert (spec.provider, spec.remote_id) == ("acme", "big-2025-01-01")

    def test_name_is_the_remote_id_unless_said_otherwise(self) -> None:
        assert ModelSpec(name="hf/meta-llama/Llama-3").remote_id == "meta-llama/Llama-3"

    def test_open_provider_takes_any(self) -> None:
        _, spec = self.catalog.find("acme/brand/new:latest")
        assert (spec.remote_id, spec.usd_per_1m, spec.context_window) == ("brand/new:latest", None, None)

    @pytest.mark.parametrize("name", ["shut/three", "shut/"])
    def test_unknown_to_a_provider_that_lists_its_models(self, name: str) -> None:
        with pytest.raises(CatalogError) as caught:
            self.catalog.find(name)
        assert repr(name) in caught.value.message
        assert "shut" in caught.value.hint

    def test_the_hint_lists_models(self) -> None:
        with pytest.raises(CatalogError) as caught:
            self.catalog.find("shut/three")
        assert caught.value.hint == "Models of shut: shut/one, shut/two."

    @pytest.mark.parametrize("name", ["nobody/big", "big", "/big", "", "acme/"])
    def test_unknown_provider(self, name: str) -> None:
        with pytest.raises(CatalogError) as caught:
            self.catalog.find(name)
        assert repr(name) in caught.value.message
        assert caught.value.hint == "Providers: acme, local, shut."

    @pytest.mark.parametrize("name", ["acme/two words", "acme/a\tb"])
    def test_name_that_is_none(self, name: str) -> None:
        with pytest.raises(CatalogError) as caught:
            self.catalog.find(name)
        assert repr(name) in caught.value.message


class TestBaseUrl:
    @pytest.mark.parametrize(
        ("fields", "env", "url"),
        [
            ({"base_url": "http://a/v1"}, {}, "http://a/v1"),
            ({"base_url": "http://a/v1/"}, {}, "http://a/v1"),
            ({"base_url": "http://a/v1", "base_url_env": "A_URL"}, {}, "http://a/v1"),
            ({"base_url": "http://a/v1", "base_url_env": "A_URL"}, {"A_URL": "https://b/v1"}, "https://b/v1"),
            ({"base_url": "http://a/v1", "base_url_env": "A_URL"}, {"A_URL": ""}, "http://a/v1"),
            ({"base_url": "http://a/v1", "base_url_env": "A_URL"}, {"A_URL": " \n"}, "http://a/v1"),
            ({"base_url": "http://a/v1", "base_url_env": "A_URL"}, {"A_URL": " http://b "}, "http://b"),
            ({"base_url_env": "A_URL"}, {"A_URL": "http://b"}, "http://b"),
            ({"base_url_env": "A_URL"}, {}, None),
            ({}, {"A_URL": "http://b"}, None),
            ({"base_url": "http://o:11434", "url_path": "/v1"}, {}, "http://o:11434/v1"),
            ({"base_url": "http://o:11434/v1", "url_path": "/v1"}, {}, "http://o:11434/v1"),
            ({"base_url": "http://o:11434/v1/", "url_path": "/v1"}, {}, "http://o:11434/v1"),
            ({"base_url_env": "A_URL", "url_path": "/v1"}, {"A_URL": "http://o/"}, "http://o/v1"),
        ],
    )
    def test_resolved(self, fields: dict[str, Any], env: dict[str, str], url: str | None) -> None:
        assert ProviderSpec(engine="openai", **fields).resolve_base_url(env) == url


class TestKey:
    @pytest.mark.parametrize(
        ("env", "key"),
        [({"A_KEY": "sk-1"}, "sk-1"), ({"A_KEY": " sk-1\n"}, "sk-1"), ({"A_KEY": " "}, None), ({}, None)],
    )
    def test_resolved(self, env: dict[str, str], key: str | None) -> None:
        assert ProviderSpec(engine="openai", api_key_env="A_KEY").resolve_key(env) == key

    def test_no_variable(self) -> None:
        assert ProviderSpec(engine="openai").resolve_key({"": "x"}) is None


class TestModelPath:
    def test_relative_to_the_root(self, tmp_path: Path) -> None:
        (tmp_path / "m").mkdir()
        (tmp_path / "m" / "a.gguf").write_bytes(b"GGUF")
        spec = ModelSpec(name="local/a", path="m/a.gguf")
        assert resolve_model_path(spec, tmp_path) == tmp_path / "m" / "a.gguf"

    def test_absolute(self, tmp_path: Path) -> None:
        (tmp_path / "a.gguf").write_bytes(b"GGUF")
        spec = ModelSpec(name="local/a", path=str(tmp_path / "a.gguf"))
        assert resolve_model_path(spec, Path("/elsewhere")) == tmp_path / "a.gguf"

    def test_in_the_home_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / "a.gguf").write_bytes(b"GGUF")
        spec = ModelSpec(name="local/a", path="~/a.gguf")
        assert resolve_model_path(spec, Path("/elsewhere")) == tmp_path / "a.gguf"

    def test_in_a_package(self) -> None:
        spec = ModelSpec(name="local/a", path="package:app/main.py")
        assert resolve_model_path(spec, Path("/elsewhere")).name == "main.py"

    @pytest.mark.parametrize(
        ("path", "said"),
        [
            (None, "local/a has no path"),
            ("missing.gguf", "missing.gguf of local/a does not exist"),
            (".", "does not exist"),
            ("package:no_such_package/a.gguf", "The package no_such_package"),
            ("package:no_such.package/a.gguf", "The package no_such.package"),
            ("package:json.decoder/a.gguf", "The package json.decoder"),
            ("package:app/no.gguf", "no.gguf of local/a does not exist"),
        ],
    )
    def test_missing(self, tmp_path: Path, path: str | None, said: str) -> None:
        with pytest.raises(CatalogError) as caught:
            resolve_model_path(ModelSpec(name="local/a", path=path), tmp_path)
        assert said in caught.value.message
