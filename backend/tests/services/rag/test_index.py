"""Tests of the index: built once whoever asks and whatever was killed, and read back whole."""

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.domain.passages import Article, Chunk, articles_version
from app.services.local_models.files import fingerprint
from app.services.rag import index as module
from app.services.rag.chunking import Chunker, Chunking
from app.services.rag.embedding import Embedder
from app.services.rag.index import KnowledgeIndex, Progress, Recipe, is_built, open_index
from tests.services.rag import tiny

CHUNKING = Chunking(32, 8)
ARTICLES = [
    tiny.article("river", "The river is long. " * 9, "It was found in the north. " * 3, title="The River"),
    tiny.article("king", "A king was born in the castle. He died in the tower.", title="The King"),
    tiny.article(
        "été", "Poem — “été” 東京.\nThe queen wrote a great poem of the sea. " * 4, headings=["Été"]
    ),
    tiny.article("bare", "A ship was built. " * 12),
]


class Spy(Embedder):
    """An embedder that tells what it was asked to embed."""

    def __init__(self, folder: Path, max_tokens: int = CHUNKING.size, *, batch: int = 100) -> None:
        super().__init__(folder, max_tokens, batch=batch)
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str], done: Any) -> None:
        self.asked += texts
        super().embed(texts, done)


def recipe_of(articles: Sequence[Article], model: Path) -> Recipe:
    return Recipe(articles_version(articles), CHUNKING, model)


def chunks_of(articles: Sequence[Article]) -> list[Chunk]:
    chunker = Chunker(tiny.tokenizer(), CHUNKING)
    return [chunk for article in articles for chunk in chunker.chunks(article)]


def searched(articles: Sequence[Article]) -> set[str]:
    return {chunk.searched for chunk in chunks_of(articles)}


def build(
    root: Path,
    articles: Sequence[Article],
    embedder: Embedder,
    model: Path,
    progress: Progress | None = None,
    **how: int,
) -> list[Chunk]:
    """Return the chunks that the index reads back."""
    index = open_index(root, recipe_of(articles, model), embedder, lambda: articles, progress, **how)
    found = list(index.all_chunks())
    index.close()
    return found


@pytest.fixture
def spy(embedding_model: Path) -> Spy:
    return Spy(embedding_model)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the index of ``ARTICLES`` is built already."""
    return tmp_path_factory.mktemp("the indexes")


@pytest.fixture(scope="module")
def index(root: Path, embedding_model: Path) -> Iterator[KnowledgeIndex]:
    recipe = recipe_of(ARTICLES, embedding_model)
    opened = open_index(root, recipe, recipe.embedder(), lambda: ARTICLES)
    yield opened
    opened.close()


class TestReading:
    def test_all_chunks_come_back_in_order(self, index: KnowledgeIndex) -> None:
        assert list(index.all_chunks()) == chunks_of(ARTICLES)
        assert index.size == len(chunks_of(ARTICLES)) > 10

    def test_chunks_by_number(self, index: KnowledgeIndex) -> None:
        expected = chunks_of(ARTICLES)
        assert index.chunks([3, 0]) == {3: expected[3], 0: expected[0]}
        assert index.chunks([]) == {}

    def test_same_text_is_the_nearest(self, index: KnowledgeIndex, embedder: Embedder) -> None:
        texts = [chunk.searched for chunk in chunks_of(ARTICLES)]
        for number, text in enumerate(texts):
            (best, cosine), *_ = index.nearest(embedder.query(text), 3)
            assert best == texts.index(text)  # the first of those that say the same
            assert cosine == pytest.approx(1, abs=1e-5)

    def test_nearest_are_those_of_an_exact_search(self, index: KnowledgeIndex, embedder: Embedder) -> None:
        query = embedder.query("the old king")
        vectors = np.array([embedder.query(chunk.searched) for chunk in chunks_of(ARTICLES)])
        cosines = vectors @ query
        found = index.nearest(query, 7)
        assert [score for _, score in found] == pytest.approx(sorted(cosines, reverse=True)[:7], abs=1e-5)
        assert [score for _, score in found] == pytest.approx(cosines[[n for n, _ in found]], abs=1e-5)
        assert found == sorted(found, key=lambda hit: (-hit[1], hit[0]))

    def test_more_than_there_are(self, index: KnowledgeIndex, embedder: Embedder) -> None:
        found = index.nearest(embedder.query("king"), 10_000)
        assert sorted(number for number, _ in found) == list(range(index.size))

    def test_similarities_are_the_cosines_of_nearest(self, index: KnowledgeIndex, embedder: Embedder) -> None:
        query = embedder.query("the long river")
        found = dict(index.nearest(query, index.size))
        assert index.similarities(query, list(found)) == pytest.approx(found, abs=1e-5)
        assert list(index.similarities(query, [2])) == [2]
        assert index.similarities(query, []) == {}

    def test_words(self, index: KnowledgeIndex) -> None:
        scores = index.words.scores(["king", "castl"])
        (best, _), *_ = index.words.top(scores, 3)
        assert "castle" in chunks_of(ARTICLES)[best].text

    def test_titles_are_searched(self, index: KnowledgeIndex) -> None:
        titled = [number for number, chunk in enumerate(chunks_of(ARTICLES)) if chunk.article == "river"]
        assert {number for number, _ in index.words.top(index.words.scores(["river"]), 99)} >= set(titled)

    def test_manifest_says_what_it_is(self, index: KnowledgeIndex, embedding_model: Path) -> None:
        assert index.manifest == {
            "format": module.FORMAT,
            "version": articles_version(ARTICLES),
            "chunking": {"size": 32, "overlap": 8},
            "model": fingerprint(embedding_model),
            "articles": 4,
            "chunks": index.size,
        }

    def test_closing_one_leaves_the_other_open(self, index: KnowledgeIndex, embedder: Embedder) -> None:
        KnowledgeIndex(index.folder).close()
        assert len(index.nearest(embedder.query("king"), 2)) == 2
        other = KnowledgeIndex(index.folder)
        assert list(other.all_chunks()) == chunks_of(ARTICLES)
        other.close()

    def test_pages(self, index: KnowledgeIndex) -> None:
        assert list(index.all_chunks(page=4)) == chunks_of(ARTICLES)


class TestBuilding:
    def test_second_open_needs_nothing(self, tmp_path: Path, spy: Spy, embedding_model: Path) -> None:
        recipe = recipe_of(ARTICLES, embedding_model)
        assert not is_built(tmp_path, recipe)
        build(tmp_path, ARTICLES, spy, embedding_model)
        assert set(spy.asked) == searched(ARTICLES)
        assert is_built(tmp_path, recipe)
        unused = Spy(embedding_model)
        opened = open_index(tmp_path, recipe, unused, lambda: pytest.fail("no articles are needed"))
        assert list(opened.all_chunks()) == chunks_of(ARTICLES)
        opened.close()
        assert unused.asked == []

    def test_progress(self, tmp_path: Path, embedding_model: Path) -> None:
        spy = Spy(embedding_model, batch=4)
        total, told = len(searched(ARTICLES)), list[tuple[int, int]]()
        build(tmp_path, ARTICLES, spy, embedding_model, lambda done, of: told.append((done, of)))
        assert told == [(min(done, total), total) for done in range(0, total + 4, 4)]

    def test_rows_go_in_in_parts(self, tmp_path: Path, spy: Spy, embedding_model: Path) -> None:
        assert build(tmp_path, ARTICLES, spy, embedding_model, insert=3) == chunks_of(ARTICLES)

    def test_changed_article_embeds_only_what_changed(
        self, tmp_path: Path, spy: Spy, embedding_model: Path
    ) -> None:
        build(tmp_path, ARTICLES, spy, embedding_model)
        changed = [
            *ARTICLES[:1],
            tiny.article("king", "A queen was born in the castle.", title="The King"),
            *ARTICLES[2:],
        ]
        again = Spy(embedding_model)
        assert build(tmp_path, changed, again, embedding_model) == chunks_of(changed)
        assert again.asked == ["The King\nA queen was born in the castle."]
        assert build(tmp_path, ARTICLES, again, embedding_model) == chunks_of(ARTICLES)
        assert len(again.asked) == 1

    def test_same_text_twice_is_embedded_once(self, tmp_path: Path, spy: Spy, embedding_model: Path) -> None:
        twins = [tiny.article("one", "The river is long."), tiny.article("two", "The river is long.")]
        assert build(tmp_path, twins, spy, embedding_model) == chunks_of(twins)
        assert spy.asked == ["The river is long."]

    def test_other_chunking_or_model_or_articles_is_another_index(
        self, embedding_model: Path, other_embedding_model: Path
    ) -> None:
        recipe = recipe_of(ARTICLES, embedding_model)
        others = [
            replace(recipe, chunking=Chunking(33, 8)),
            replace(recipe, chunking=Chunking(32, 9)),
            replace(recipe, model=other_embedding_model),
            recipe_of(ARTICLES[::-1], embedding_model),
        ]
        assert len({recipe.name, *(other.name for other in others)}) == 5
        assert recipe.name == recipe_of(list(ARTICLES), embedding_model).name

    def test_vectors_of_another_model_are_not_used(
        self, tmp_path: Path, spy: Spy, embedding_model: Path, other_embedding_model: Path
    ) -> None:
        build(tmp_path, ARTICLES, spy, embedding_model)
        other = Spy(other_embedding_model)
        build(tmp_path, ARTICLES, other, other_embedding_model)
        assert set(other.asked) == searched(ARTICLES)

    @pytest.mark.parametrize("articles", [[], [tiny.article("a", " ", title="The King")]])
    def test_empty(self, tmp_path: Path, spy: Spy, embedding_model: Path, articles: list[Article]) -> None:
        index = open_index(tmp_path, recipe_of(articles, embedding_model), spy, lambda: articles)
        assert index.size == 0
        assert list(index.all_chunks()) == []
        assert index.nearest(spy.query("king"), 5) == []
        assert index.words.top(index.words.scores(["king"]), 5) == []
        assert index.manifest["articles"] == len(articles)
        index.close()


class Stopped(Exception):
    """Raised in the middle."""


def stop_at(chunks: int) -> Progress:
    def progress(done: int, total: int) -> None:
        if done >= chunks:
            raise Stopped

    return progress


BUILDER = """
import os, signal, sys
from pathlib import Path
from app.services.rag.embedding import Embedder
from app.services.rag.index import open_index
from tests.services.rag.test_index import ARTICLES, CHUNKING, recipe_of

recipe = recipe_of(ARTICLES, Path(sys.argv[1]))
embedder = Embedder(recipe.model, CHUNKING.size, batch=4)
embedder.dimension
for line in sys.stdin:
    task, root = line.rstrip().split(maxsplit=1)
    def progress(done, total):
        with Path(root, "progress").open("a") as file:
            file.write(f"{os.getpid()}\\n")
        if task == "die" and done == 8:
            os.kill(os.getpid(), signal.SIGKILL)
        if task == "wait" and done == 4:
            print("building", flush=True)
            sys.stdin.readline()
    index = open_index(Path(root), recipe, embedder, lambda: ARTICLES, progress)
    print(len(list(index.all_chunks())), flush=True)
    index.close()
"""


class OtherProcess:
    """Builds indexes of ``ARTICLES``; it imports for seconds, so it starts early and serves many tests."""

    def __init__(self, model: Path) -> None:
        command = [sys.executable, "-c", BUILDER, str(model)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.id = self._process.pid

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip()

    def ended(self) -> int:
        return self._process.wait(30)

    def close(self) -> None:
        with self._process:
            self._process.kill()


@pytest.fixture(scope="module", autouse=True)
def other_process(embedding_model: Path) -> Iterator[OtherProcess]:
    process = OtherProcess(embedding_model)
    yield process
    process.close()


class TestTwoProcesses:
    def test_one_builds_and_both_read(
        self, tmp_path: Path, spy: Spy, embedding_model: Path, other_process: OtherProcess
    ) -> None:
        told, found = list[int](), list[Chunk]()

        def open_here() -> None:
            progress: Progress = lambda done, total: told.append(done)  # noqa: E731
            found.extend(build(tmp_path, ARTICLES, spy, embedding_model, progress))

        other_process.say(f"wait {tmp_path}")
        assert other_process.hear() == "building"
        waiting = threading.Thread(target=open_here)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        other_process.say("go on")
        assert other_process.hear() == str(len(chunks_of(ARTICLES)))
        waiting.join(30)
        assert found == chunks_of(ARTICLES)
        assert (set(told) <= {0}, spy.asked) == (True, [])  # nothing is done here but waiting
        assert set((tmp_path / "progress").read_text().split()) == {str(other_process.id)}

    def test_many_threads_build_once_and_all_read(self, tmp_path: Path, embedding_model: Path) -> None:
        def read(spy: Spy) -> bool:
            return all(
                build(tmp_path, ARTICLES, spy, embedding_model) == chunks_of(ARTICLES) for _ in range(5)
            )

        spies = [Spy(embedding_model) for _ in range(4)]
        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(read, spies)) == [True] * 4
        assert sorted(len(spy.asked) for spy in spies) == [0, 0, 0, len(searched(ARTICLES))]


class TestKilled:
    @pytest.fixture
    def spy(self, embedding_model: Path) -> Spy:
        return Spy(embedding_model, batch=4)

    def test_while_embedding(self, tmp_path: Path, spy: Spy, embedding_model: Path) -> None:
        with pytest.raises(Stopped):
            build(tmp_path, ARTICLES, spy, embedding_model, stop_at(8))
        assert not is_built(tmp_path, recipe_of(ARTICLES, embedding_model))
        again = Spy(embedding_model)
        assert build(tmp_path, ARTICLES, again, embedding_model) == chunks_of(ARTICLES)
        assert len(again.asked) == len(searched(ARTICLES)) - 8

    def test_after_the_collection_was_filled(self, tmp_path: Path, spy: Spy, embedding_model: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "words_of", lambda text: stop_at(0)(0, 0))
            with pytest.raises(Stopped):
                build(tmp_path, ARTICLES, spy, embedding_model)
        again = Spy(embedding_model)
        assert build(tmp_path, ARTICLES, again, embedding_model) == chunks_of(ARTICLES)
        assert again.asked == []
        assert not list(tmp_path.glob("*.building"))

    @pytest.mark.parametrize("rest", [(), ("bm25",), ("chroma.sqlite3", "bm25")])
    def test_folder_without_a_manifest_is_built_anew(
        self, tmp_path: Path, spy: Spy, embedding_model: Path, rest: tuple[str, ...]
    ) -> None:
        build(tmp_path, ARTICLES, spy, embedding_model)
        folder = tmp_path / recipe_of(ARTICLES, embedding_model).name
        (folder / "manifest.json").unlink()
        for path in folder.iterdir():
            if path.name not in rest:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        again = Spy(embedding_model)
        assert build(tmp_path, ARTICLES, again, embedding_model) == chunks_of(ARTICLES)
        assert again.asked == []
        assert json.loads((folder / "manifest.json").read_text())["articles"] == len(ARTICLES)

    # The last one: it ends the other process.
    def test_by_the_system_while_embedding(
        self, tmp_path: Path, spy: Spy, embedding_model: Path, other_process: OtherProcess
    ) -> None:
        other_process.say(f"die {tmp_path}")
        assert other_process.ended() == -signal.SIGKILL
        assert build(tmp_path, ARTICLES, spy, embedding_model) == chunks_of(ARTICLES)
        assert len(spy.asked) == len(searched(ARTICLES)) - 8
