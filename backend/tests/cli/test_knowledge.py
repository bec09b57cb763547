"""Tests of the commands about knowledge bases and judges."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.core.config import get_settings
from app.services.evaluation.judges.measured import KEPT_NAME, measured, read_measured
from tests.cli.conftest import Cli
from tests.fixtures.fake_wikipedia import FakeWikipedia
from tests.tiny_models import TinyModels, articles_jsonl


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    path = tmp_path / "articles.jsonl"
    path.write_bytes(articles_jsonl())
    return path


class TestAdd:
    async def test_file(self, cli: Cli, articles: Path) -> None:
        done = await cli("kb", "add", "towers", str(articles))
        assert (done.exit_code, "(3 articles)" in done.stderr) == (0, True)
        assert "exists already" in (await cli("kb", "add", "towers", str(articles))).stderr
        listed = json.loads((await cli("kb", "list", "--json")).stdout)
        row = next(one for one in listed if one["name"] == "towers")
        assert (row["size"], row["index"]["state"]) == (3, "absent")

    async def test_folder(self, cli: Cli, tmp_path: Path) -> None:
        folder = tmp_path / "docs"
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "one.md").write_text("# One\n\ntext\n## Part\nmore")
        (folder / "two.txt").write_text("text")
        (folder / "picture.png").write_bytes(b"\x89PNG")
        added = json.loads((await cli("kb", "add", "docs", str(folder), "--json")).stdout)
        assert (added["size"], added["source"]) == (2, "deep/one.md, two.txt")

    async def test_what_cannot_be_read(self, cli: Cli, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        for path, words in ((tmp_path / "empty", "has no file"), (tmp_path / "no", "Cannot read")):
            done = await cli("kb", "add", "towers", str(path))
            assert done.exit_code == 1
            assert words in done.stderr


class TestSearch:
    async def test_build_and_search(self, cli: Cli, articles: Path, tiny_models: TinyModels) -> None:
        await cli("kb", "add", "towers", str(articles))
        model = ("--embedding-model", str(tiny_models.embedding), "--chunk-tokens", "48", "--overlap", "8")
        built = await cli("kb", "build", "towers", *model)
        assert built.exit_code == 0, built.stderr
        assert "built towers: 3 chunks" in built.stderr
        found = await cli("kb", "search", "the old castle", "--kb", "towers", "--top-k", "1", *model)
        assert found.exit_code == 0, found.stderr
        assert "1. " in found.stdout
        assert "bm25" in found.stdout

    async def test_failed_build_says_why(self, cli: Cli, articles: Path) -> None:
        await cli("kb", "add", "towers", str(articles))
        done = await cli("kb", "build", "towers", "--embedding-model", "/no/such/folder")
        assert done.exit_code == 1
        assert "/no/such/folder" in done.stderr


class TestFetchWikipedia:
    async def test_adds_what_there_is_and_names_what_is_not(
        self, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        titles = tmp_path / "plays.txt"
        async with FakeWikipedia() as wiki:
            wiki.write_plays()
            titles.write_text("# plays\nPrince of Denmark\n\nNo such play at all\n")
            monkeypatch.setenv("LLMFORGE_WIKIPEDIA_URL", wiki.url)
            monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
            get_settings.cache_clear()
            done = await cli("kb", "fetch-wikipedia", str(titles), "--name", "plays")
        assert "added plays" in done.stderr
        assert "No article 'No such play at all'" in done.stderr
        assert done.exit_code == 1
        listed = json.loads((await cli("kb", "list", "--json")).stdout)
        assert next(one for one in listed if one["name"] == "plays")["source"] == "plays.jsonl"

    async def test_out_of_reach(self, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        titles = tmp_path / "titles.txt"
        titles.write_text("Hamlet\n")
        monkeypatch.setenv("LLMFORGE_WIKIPEDIA_URL", "https://wikipedia.invalid/w/api.php")
        monkeypatch.setenv("LLMFORGE_WIKIPEDIA_ATTEMPTS", "1")
        get_settings.cache_clear()
        done = await cli("kb", "fetch-wikipedia", str(titles))
        assert done.exit_code == 1
        assert "wikipedia.invalid" in done.stderr

    async def test_no_titles(self, cli: Cli, tmp_path: Path) -> None:
        (tmp_path / "titles.txt").write_text("# nothing\n\n")
        done = await cli("kb", "fetch-wikipedia", str(tmp_path / "titles.txt"))
        assert (done.exit_code, "has no titles" in done.stderr) == (1, True)


class TestValidate:
    def test_nli_is_measured_and_kept(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_models: TinyModels
    ) -> None:
        monkeypatch.setenv("LLMFORGE_HOME", str(tmp_path))
        get_settings.cache_clear()
        arguments = ["faithfulness", "validate", "--model", str(tiny_models.nli), "--save", "--json"]
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.stderr
        shown = json.loads(done.stdout)
        assert shown["found"]["n"] >= 60
        assert 0 <= shown["found"]["judge"]["auc"] <= 1
        kept = measured(read_measured([tmp_path / KEPT_NAME]), "nli", f"/elsewhere/{tiny_models.nli.name}")
        assert kept is not None
        assert kept.found.n == shown["found"]["n"]

    def test_model_that_is_asked(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("LLMFORGE_HOME", str(tmp_path))
        get_settings.cache_clear()
        done = CliRunner().invoke(app, ["faithfulness", "validate", "--judge", "llm", "--model", "mock/hash"])
        assert done.exit_code == 0, done.stderr
        assert "0 judged" in done.stdout  # it says neither yes nor no

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--judge", "llm"], "Give the model of the judge"),
            (["--model", "/no/such/folder"], "/no/such/folder"),
            (["/no/such/file.jsonl"], "Cannot read"),
        ],
    )
    def test_refused(self, arguments: list[str], words: str) -> None:
        done = CliRunner().invoke(app, ["faithfulness", "validate", *arguments])
        assert done.exit_code == 1
        assert words in done.stderr
