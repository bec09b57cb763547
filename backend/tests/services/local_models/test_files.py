"""Tests of finding models: where they are taken from, and what is refused."""

import json
import os
import shutil
from pathlib import Path

import pytest

from app.services.local_models.files import (
    ModelUnavailable,
    fetch_only,
    find_model,
    fingerprint,
    local_model,
    look_below,
    require_model,
)
from tests.services.local_models.hub import MODEL, serving
from tests.tiny_models import TinyModels

SETTING = "method.embedding_model"
CONFIG = b'{"model_type": "bert"}'
SAFE = {"model.safetensors": b"weights", "config.json": CONFIG, "tokenizer.json": b"{}"}
PACKAGED = "sentence-transformers/all-MiniLM-L6-v2"


def folder_of(path: Path, **files: bytes | None) -> Path:
    """Return a folder with a safe model, but for ``files``; "__" in a name is a dot."""
    content = {**SAFE, **{name.replace("__", "."): data for name, data in files.items()}}
    path.mkdir(parents=True, exist_ok=True)
    for name, data in content.items():
        if data is not None:
            (path / name).write_bytes(data)
    return path


def modules(*types: str) -> bytes:
    return json.dumps(
        [{"idx": n, "name": str(n), "path": "", "type": one} for n, one in enumerate(types)]
    ).encode()


def refused(name: str | Path) -> ModelUnavailable:
    with pytest.raises(ModelUnavailable) as caught:
        find_model(str(name), SETTING)
    error = caught.value
    assert error.setting == SETTING
    assert SETTING in error.message
    assert str(name) in error.message
    assert error.hint
    assert str(error) == f"{error.message} {error.hint}"
    with pytest.raises(ModelUnavailable):
        require_model(str(name), SETTING)
    return error


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache on this machine, empty."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub cache"))
    return tmp_path / "hub cache"


class TestFolder:
    def test_path(self, tmp_path: Path) -> None:
        folder = folder_of(tmp_path / "my model")
        assert find_model(str(folder), SETTING) == folder
        require_model(str(folder), SETTING)

    def test_real_models(self, tiny_models: TinyModels) -> None:
        for folder in (tiny_models.embedding, tiny_models.reranker):
            assert find_model(str(folder), SETTING) == folder

    def test_home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        folder = folder_of(tmp_path / "models" / "mine")
        assert find_model("~/models/mine", SETTING) == folder

    def test_relative_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        folder = folder_of(tmp_path / "models" / "mine")
        assert {find_model(name, SETTING) for name in ("models/mine", "./models/mine")} == {folder}

    def test_only_below_folders_that_are_allowed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        inside, outside = folder_of(tmp_path / "in" / "model"), folder_of(tmp_path / "out" / "model")
        (tmp_path / "in" / "link").symlink_to(outside)
        look_below([tmp_path / "in"])
        assert find_model(str(inside), SETTING) == inside
        monkeypatch.chdir(tmp_path)
        told = {
            refused(name).message.replace(str(name), "…")
            for name in (
                outside,
                "/",
                "~",
                tmp_path / "in" / "link",
                f"{inside}/../../out/model",
                "./out/model",
            )
        }
        told |= {refused(name).message.replace(name, "…") for name in ("/no/such/folder", "./none")}
        assert told == {f"The model folder … ({SETTING}) is not below one that may be looked at."}
        assert local_model("out/model") is None
        assert "There is no model folder" in refused(tmp_path / "in" / "none").message

    def test_what_is_no_model_has_no_fingerprint(self, tmp_path: Path) -> None:
        (tmp_path / "secrets").mkdir()
        (tmp_path / "secrets" / "secret.txt").write_text("pin=4711")
        assert local_model(str(tmp_path / "secrets")) is None

    @pytest.mark.parametrize(
        "name", ["/no/such/folder", "./none", "../none", "~/none", "none", "a/b/c", "a/b/"]
    )
    def test_missing(self, name: str) -> None:
        assert "There is no model folder" in refused(name).message

    def test_home_of_nobody(self) -> None:
        assert "There is no model folder" in refused("~no-such-user/model").message

    def test_name_that_is_too_long_for_a_folder(self) -> None:
        assert "There is no model folder" in refused("./" + "x" * 400).message


class TestRefused:
    @pytest.mark.parametrize("weights", ["pytorch_model__bin", "model__pt", "model__onnx"])
    def test_weights_that_are_no_safetensors(self, tmp_path: Path, weights: str) -> None:
        folder = folder_of(tmp_path / "model", model__safetensors=None, **{weights: b"pickle"})
        assert "no safetensors weights" in refused(folder).message

    def test_no_config(self, tmp_path: Path) -> None:
        assert "no config.json" in refused(folder_of(tmp_path / "model", config__json=None)).message

    def test_code_that_the_config_names(self, tmp_path: Path) -> None:
        config = {"model_type": "bert", "auto_map": {"AutoModel": "modeling_own.OwnModel"}}
        folder = folder_of(tmp_path / "model", config__json=json.dumps(config).encode())
        assert "code of its own" in refused(folder).message

    @pytest.mark.parametrize(
        "types",
        [
            ("custom_module.Own",),
            ("sentence_transformers.models.Transformer", "own.Pooling"),
            ("",),
            ("os.path",),
            ("sentence_transformers_evil.Transformer",),
        ],
    )
    def test_code_that_the_modules_name(self, tmp_path: Path, types: tuple[str, ...]) -> None:
        folder = folder_of(tmp_path / "model", modules__json=modules(*types))
        assert "code of its own" in refused(folder).message

    @pytest.mark.parametrize("prefix", ["models", "base.modules.transformer", "sentence_transformer.modules"])
    def test_modules_of_the_library_are_not(self, tmp_path: Path, prefix: str) -> None:
        folder = folder_of(tmp_path / "model", modules__json=modules(f"sentence_transformers.{prefix}.One"))
        assert find_model(str(folder), SETTING) == folder

    @pytest.mark.parametrize("file", ["config__json", "modules__json"])
    @pytest.mark.parametrize("content", [b"", b"5"])
    def test_settings_that_cannot_be_read(self, tmp_path: Path, file: str, content: bytes) -> None:
        refused(folder_of(tmp_path / "model", **{file: content}))


class TestHub:
    def test_packaged_model_needs_no_network(self) -> None:
        folder = find_model(PACKAGED, SETTING)
        assert folder == local_model(PACKAGED)
        assert (folder / "model.safetensors").stat().st_size > 10_000_000
        assert (folder / "tokenizer.json").is_file()
        require_model(PACKAGED, SETTING)

    def test_without_a_network(self) -> None:
        error = refused("some-lab/not-here")
        assert "not on this machine and cannot be downloaded" in error.message
        assert local_model("some-lab/not-here") is None

    def test_fetches_what_is_safe_to_load_and_only_once(
        self, monkeypatch: pytest.MonkeyPatch, cache: Path
    ) -> None:
        files = {
            **SAFE,
            "pytorch_model.bin": b"pickle",
            "own.py": b"import os",
            "1_Pooling/config.json": b"{ }",
        }
        with serving(files, monkeypatch) as hub:
            folder = find_model(MODEL, SETTING)
            assert hub.fetched == {*SAFE, "1_Pooling/config.json"}
        assert folder.is_relative_to(cache)
        assert (folder / "model.safetensors").read_bytes() == b"weights"
        assert find_model(MODEL, SETTING) == local_model(MODEL) == folder
        require_model(MODEL, SETTING)

    def test_unsafe_model_is_refused_after_fetching_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving({**SAFE, "config.json": b'{"auto_map": {}}'}, monkeypatch):
            assert "code of its own" in refused(MODEL).message

    def test_model_of_pickles_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving({"config.json": CONFIG, "pytorch_model.bin": b"pickle"}, monkeypatch) as hub:
            with pytest.raises(ModelUnavailable, match="no safetensors weights"):
                find_model(MODEL, SETTING)
            assert "pytorch_model.bin" not in hub.fetched

    def test_half_a_copy_is_fetched_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving(SAFE, monkeypatch) as hub:
            folder = find_model(MODEL, SETTING)
            (folder / "tokenizer.json").unlink()
            hub.asked.clear()
            assert local_model(MODEL) is None
            assert find_model(MODEL, SETTING) == folder
            assert (folder / "tokenizer.json").is_file()

    def test_unknown_model(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving(SAFE, monkeypatch):
            assert "RepositoryNotFoundError" in refused("some-lab/unknown").message

    @pytest.mark.parametrize("allowed", [[], ["another/*"], ["some"], [f"{MODEL}-2"]])
    def test_a_model_that_may_not_be_fetched(
        self, monkeypatch: pytest.MonkeyPatch, allowed: list[str]
    ) -> None:
        fetch_only(allowed)
        with serving(SAFE, monkeypatch) as hub:
            for look in (find_model, require_model):
                with pytest.raises(ModelUnavailable, match="not one that may be fetched") as caught:
                    look(MODEL, SETTING)
                assert "LLMFORGE_HUB_MODELS" in caught.value.hint
            assert hub.asked == []

    @pytest.mark.parametrize("allowed", [[MODEL], ["another/x", f"{MODEL.split('/')[0]}/*"], ["*"]])
    def test_a_model_that_may_be_fetched(self, monkeypatch: pytest.MonkeyPatch, allowed: list[str]) -> None:
        fetch_only(allowed)
        with serving(SAFE, monkeypatch):
            folder = find_model(MODEL, SETTING)
        fetch_only([])  # what is here needs no leave
        assert find_model(MODEL, SETTING) == folder

    def test_requiring_does_not_fetch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving(SAFE, monkeypatch) as hub:
            require_model(MODEL, SETTING)
            assert hub.asked
            assert hub.fetched == set()
        assert local_model(MODEL) is None


class TestFingerprint:
    def test_does_not_depend_on_the_place(self, tmp_path: Path) -> None:
        folder = folder_of(
            tmp_path / "one", modules__json=modules("sentence_transformers.models.Transformer")
        )
        folder_of(folder / "1_Pooling")
        copy = shutil.copytree(folder, tmp_path / "another place" / "two")
        linked = tmp_path / "linked"
        linked.symlink_to(folder)
        assert fingerprint(folder) == fingerprint(copy) == fingerprint(linked)

    def test_of_links_is_that_of_the_files(self, tmp_path: Path) -> None:
        blobs = folder_of(tmp_path / "blobs")
        snapshot = tmp_path / "snapshot"
        snapshot.mkdir()
        for path in blobs.iterdir():
            (snapshot / path.name).symlink_to(path)
        assert fingerprint(snapshot) == fingerprint(blobs)

    @pytest.mark.parametrize(
        "name", ["model.safetensors", "config.json", "tokenizer.json", "vocab.txt", "1_Pooling/config.json"]
    )
    def test_changes_with_content(self, tmp_path: Path, name: str) -> None:
        folder = folder_of(tmp_path / "model")
        before = fingerprint(folder)
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"[1111111]")
        changed = fingerprint(folder)
        (folder / name).write_bytes(b"[2222222]")
        assert len({before, changed, fingerprint(folder)}) == 3

    def test_changes_with_a_file_s_name(self, tmp_path: Path) -> None:
        folder = folder_of(tmp_path / "model")
        before = fingerprint(folder)
        (folder / "tokenizer.json").rename(folder / "other.json")
        assert fingerprint(folder) != before

    def test_does_not_change_with_what_is_not_read(self, tmp_path: Path) -> None:
        folder = folder_of(tmp_path / "model")
        before = fingerprint(folder)
        (folder / "README.md").write_text("# A model")
        os.utime(folder / "config.json", (1, 1))
        assert fingerprint(folder) == before
