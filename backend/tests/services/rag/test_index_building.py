"""Tests of building an index: once whoever asks and whatever was killed."""

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.passages import Article, Chunk
from app.services.rag import index as module
from app.services.rag.chunking import Chunking
from app.services.rag.index import Progress, is_built, open_index
from tests.services.rag import tiny
from tests.services.rag.indexes import ARTICLES, Spy, build, chunks_of, recipe_of, searched


@pytest.fixture
def spy(embedding_model: Path) -> Spy:
    return Spy(embedding_model)


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
from tests.services.rag.indexes import ARTICLES, CHUNKING, recipe_of

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
