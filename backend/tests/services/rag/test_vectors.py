"""Tests of the vectors' files: what was kept is there, and what was half written is not."""

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock, Timeout
from hypothesis import example, given
from hypothesis import strategies as st

from app.services.rag.vectors import Vectors, VectorStore, key_of
from tests.factories import properties

MODEL = "0123456789abcdef-and-more"
DIMENSION = 3
ROW, KEY = 4 * DIMENSION, 32


def open_store(folder: Path, model: str = MODEL) -> VectorStore:
    return VectorStore(folder, model, DIMENSION)


def vectors_of(texts: Sequence[str]) -> Vectors:
    """Return a vector for each text that no other text has."""
    rows = [np.frombuffer(key_of(text)[:DIMENSION], dtype=np.uint8) for text in texts]
    return np.array(rows, dtype=np.float32).reshape(-1, DIMENSION) + np.float32(0.1)


def add(store: VectorStore, *texts: str) -> None:
    store.add(texts, vectors_of(texts))


def assert_kept(store: VectorStore, texts: Sequence[str]) -> None:
    assert all(text in store for text in texts)
    assert np.array_equal(store.get(texts), vectors_of(texts))


class TestKept:
    def test_across_instances(self, tmp_path: Path) -> None:
        folder = tmp_path / "new" / "folder"
        with open_store(folder) as store:
            add(store, "one", "two")
            add(store, "three")
            assert_kept(store, ["three", "one", "two", "one"])
        with open_store(folder) as store:
            assert "four" not in store
            add(store, "four")
        with open_store(folder) as store:
            assert_kept(store, ["four", "two", "one", "three"])

    @properties
    @given(batches=st.lists(st.lists(st.text(max_size=3), unique=True), max_size=6))
    def test_any_texts(self, tmp_path_factory: pytest.TempPathFactory, batches: list[list[str]]) -> None:
        folder, kept = tmp_path_factory.mktemp("vectors"), list[str]()
        for batch in batches:
            with open_store(folder) as store:
                add(store, *(text for text in batch if text not in store))
                kept += batch
                assert_kept(store, kept)
        with open_store(folder) as store:
            assert_kept(store, kept)

    def test_text_that_is_there_already(self, tmp_path: Path) -> None:
        with open_store(tmp_path) as store:
            add(store, "one", "one")
            add(store, "one", "two")
            add(store, "three")
            assert_kept(store, ["one", "two", "three"])
        with open_store(tmp_path) as store:
            add(store, "four")
            assert_kept(store, ["one", "two", "three", "four"])

    def test_nothing(self, tmp_path: Path) -> None:
        with open_store(tmp_path) as store:
            add(store)
            assert store.get([]).shape == (0, DIMENSION)
            with pytest.raises(KeyError):
                store.get(["one"])

    def test_half_of_a_surrogate_pair_is_a_text(self, tmp_path: Path) -> None:
        with open_store(tmp_path) as store:
            add(store, "\ud800", "\udfff")
            assert_kept(store, ["\udfff", "\ud800"])

    def test_models_do_not_share(self, tmp_path: Path) -> None:
        with open_store(tmp_path) as store, open_store(tmp_path, "another model") as other:
            add(store, "one")
            assert "one" not in other
        with open_store(tmp_path, "another model") as other:
            assert "one" not in other

    def test_numbers_are_stored_as_32_bits(self, tmp_path: Path) -> None:
        with open_store(tmp_path) as store:
            store.add(["one"], np.array([[0.1, 0.2, 0.3]], dtype=np.float64).astype(">f8"))
            assert store.get(["one"]).dtype == np.float32
            assert store.get(["one"]).tolist() == [np.array([0.1, 0.2, 0.3], np.float32).tolist()]


class TestHalfWritten:
    TEXTS = tuple(f"text {number}" for number in range(5))

    def test_files_grow_by_vectors_then_keys(self, tmp_path: Path) -> None:
        with open_store(tmp_path) as store:
            add(store, *self.TEXTS)
        assert {
            path.suffix: path.stat().st_size for path in tmp_path.iterdir() if path.suffix != ".lock"
        } == {
            ".f32": 5 * ROW,
            ".keys": 5 * KEY,
        }

    @properties
    @given(numbers=st.integers(0, 5 * ROW), keys=st.integers(0, 5 * KEY))
    @example(5 * ROW, 5 * KEY)
    @example(5 * ROW, 3 * KEY)
    @example(3 * ROW, 5 * KEY)
    @example(5 * ROW - 1, 5 * KEY - 1)
    @example(0, 0)
    def test_is_dropped_and_written_again(
        self, tmp_path_factory: pytest.TempPathFactory, numbers: int, keys: int
    ) -> None:
        folder = tmp_path_factory.mktemp("vectors")
        with open_store(folder) as store:
            add(store, *self.TEXTS)
        for suffix, length in ((".f32", numbers), (".keys", keys)):
            with next(folder.glob(f"*{suffix}")).open("r+b") as file:
                file.truncate(length)
        whole = min(numbers // ROW, keys // KEY)
        for _ in range(2):
            with open_store(folder) as store:
                missing = [text for text in self.TEXTS if text not in store]
                assert missing == list(self.TEXTS[whole:])
                assert_kept(store, self.TEXTS[:whole])
        with open_store(folder) as store:
            add(store, "another", *missing)
            assert_kept(store, [*self.TEXTS, "another"])
        with open_store(folder) as store:
            assert_kept(store, ["another", *self.TEXTS])

    @pytest.mark.parametrize("suffix", [".f32", ".keys"])
    def test_lost_file_is_begun_again(self, tmp_path: Path, suffix: str) -> None:
        with open_store(tmp_path) as store:
            add(store, *self.TEXTS)
        next(tmp_path.glob(f"*{suffix}")).unlink()
        with open_store(tmp_path) as store:
            assert not any(text in store for text in self.TEXTS)
            add(store, *reversed(self.TEXTS))
            assert_kept(store, self.TEXTS)


HOLDER = """
import sys, time
from pathlib import Path
from app.services.rag.vectors import VectorStore
import numpy as np
with VectorStore(Path(sys.argv[1]), sys.argv[2], 3) as store:
    print("in", flush=True)
    sys.stdin.readline()
    store.add(["from the other"], np.ones((1, 3), dtype=np.float32))
"""


class TestLock:
    def test_two_processes_write_one_after_the_other(self, tmp_path: Path) -> None:
        command = [sys.executable, "-c", HOLDER, str(tmp_path), MODEL]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdin is not None
            assert other.stdout is not None
            assert other.stdout.readline() == "in\n"
            seen: list[bool] = []

            def enter() -> None:
                with open_store(tmp_path) as store:
                    seen.append("from the other" in store)
                    add(store, "from here")

            waiting = threading.Thread(target=enter)
            waiting.start()
            time.sleep(0.2)
            assert seen == []
            other.stdin.write("go\n")
            other.stdin.flush()
            waiting.join(10)
        assert seen == [True]
        with open_store(tmp_path) as store:
            assert store.get(["from the other"]).tolist() == [[1.0] * 3]
            assert_kept(store, ["from here"])

    def test_is_given_back_after_an_error(self, tmp_path: Path) -> None:
        def broken() -> None:
            with open_store(tmp_path) as store:
                add(store, "one")
                raise RuntimeError("stop")

        with pytest.raises(RuntimeError, match="stop"):
            broken()
        with open_store(tmp_path) as store:
            assert_kept(store, ["one"])

    def test_is_held_inside(self, tmp_path: Path) -> None:
        with open_store(tmp_path), pytest.raises(Timeout):
            FileLock(next(tmp_path.glob("*.lock"))).acquire(timeout=0)
