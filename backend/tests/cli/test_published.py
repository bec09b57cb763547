"""Tests of adding published files by command: what the dataset calls gold, the knowledge base has."""

import json
from pathlib import Path

import httpx
import orjson

from app.domain.examples import Example
from app.domain.passages import Chunk, Passage
from app.services.evaluation.scorers.retrieval import score_retrieval
from tests.cli.conftest import Cli
from tests.published_files import HOTPOTQA, TRIVIAQA, write_beir


async def recall(url: str, dataset: str, base: str) -> list[float | None]:
    """Return the recall of each example, had all articles been retrieved."""
    async with httpx.AsyncClient(base_url=f"{url}/api/v1") as api:
        examples = (await api.get(f"/datasets/{dataset}/examples")).json()["items"]
        articles = (await api.get(f"/knowledge-bases/{base}/articles")).json()["items"]
    passages = [
        Passage(Chunk(f"{one['key']}#0", one["key"], one["title"], "", "text", 0, 4)) for one in articles
    ]
    fields = ("key", "question", "cluster", "metadata")
    nouns = [
        Example(answers=tuple(one["answers"]), **{name: one[name] for name in fields}) for one in examples
    ]
    scores = [{one.name: one.value for one in score_retrieval(passages, noun, "squad")} for noun in nouns]
    return [one["recall_at_k"] for one in scores]


class TestHotpotqa:
    async def test_dataset_and_knowledge_base_of_one_file(
        self, cli: Cli, api_url: str, tmp_path: Path
    ) -> None:
        file = tmp_path / "hotpot.json"
        file.write_bytes(orjson.dumps(HOTPOTQA))
        done = await cli("datasets", "add", "hotpot", str(file))
        assert done.exit_code == 0, done.stderr
        assert "(2 examples, hotpotqa)" in done.stderr
        base = json.loads((await cli("kb", "add", "hotpot", str(file), "--json")).stdout)
        assert (base["size"], base["source"]) == (4, "hotpot.json")
        assert await recall(api_url, "hotpot", "hotpot") == [1.0, 1.0]


class TestTriviaqa:
    async def test_scoring_may_be_named(self, cli: Cli, tmp_path: Path) -> None:
        file = tmp_path / "web-dev.json"
        file.write_bytes(orjson.dumps(TRIVIAQA))
        added = json.loads((await cli("datasets", "add", "trivia", str(file), "--json")).stdout)
        assert (added["size"], added["scoring"]) == (2, "triviaqa")
        done = await cli("datasets", "add", "trivia", str(file), "--scoring", "squad", "--json")
        assert json.loads(done.stdout)["scoring"] == "squad"


class TestTable:
    async def test_columns_by_map_and_warnings(self, cli: Cli, tmp_path: Path) -> None:
        file = tmp_path / "mine.csv"
        file.write_text("Frage;Antwort\nq;b\nq;c\n")
        done = await cli("datasets", "add", "mine", str(file))
        assert done.exit_code == 1
        assert "--map question=NAME" in done.stderr
        given = ["--map", "question=Frage", "--map", "answer=Antwort"]
        done = await cli("datasets", "add", "mine", str(file), *given)
        assert done.exit_code == 0, done.stderr
        assert "warning: 1 question is there more than once" in done.stderr


class TestBeir:
    async def test_dataset_and_knowledge_base_of_one_folder(
        self, cli: Cli, api_url: str, tmp_path: Path
    ) -> None:
        folder = write_beir(tmp_path / "small")
        done = await cli("datasets", "add", "small", str(folder))
        assert done.exit_code == 0, done.stderr
        assert "(3 examples, squad)" in done.stderr
        assert "titles of their relevant documents" in done.stderr
        base = json.loads((await cli("kb", "add", "small", str(folder), "--json")).stdout)
        assert (base["size"], base["source"]) == (3, "corpus.jsonl")
        assert await recall(api_url, "small", "small") == [1.0, 1.0, 1.0]

    async def test_a_wrong_line_is_named_with_its_file(self, cli: Cli, tmp_path: Path) -> None:
        folder = write_beir(tmp_path / "small")
        (folder / "qrels" / "test.tsv").write_text("q1\td1\t1\nq1\tnowhere\t1\n")
        done = await cli("datasets", "add", "small", str(folder))
        assert done.exit_code == 1
        assert "small/qrels/test.tsv has 1 wrong line" in done.stderr
        assert "line 2" in done.stderr

    async def test_other_folders(self, cli: Cli, tmp_path: Path) -> None:
        (tmp_path / "corpus.jsonl").write_text("")
        done = await cli("datasets", "add", "small", str(tmp_path))
        assert done.exit_code == 1
        assert "not a BEIR folder" in done.stderr
        assert "queries.jsonl" in done.stderr
