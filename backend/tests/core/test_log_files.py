"""Logs are rotated under the feet of the processes that write them."""

import os
import sys
from pathlib import Path

import pytest

from app.core.config import Settings
from app.core.log_files import KEPT, LARGEST, rotate, rotate_all, rotated
from app.core.processes import ManagedProcess
from app.launcher import Platform

_WRITER = """
import sys
for number in range(int(sys.argv[1])):
    print(f"line {number:06d}", flush=True)
"""


def test_small_or_missing(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert not rotate(log)
    log.write_text("small")
    assert not rotate(log)
    assert log.read_text() == "small"


def test_the_newest_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    for number in range(10):
        log.write_text(f"{number}")
        log.chmod(0o600)
        assert rotate(log, largest=1)
    assert log.read_text() == ""
    files = sorted(tmp_path.iterdir())
    assert len(files) == KEPT == 5
    assert [rotated(log, number).read_text() for number in range(1, KEPT)] == ["9", "8", "7", "6"]
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)


def test_a_process_goes_on_writing(tmp_path: Path) -> None:
    """Each line is in one of the files, but for those of the moment in which a file is emptied.

    This writer does nothing but write, so that many fall into that moment.
    """
    log = tmp_path / "writer.log"
    process = ManagedProcess("writer", [sys.executable, "-c", _WRITER, "30000"], log)
    process.start()
    rotations = 0
    while process.running:
        rotations += rotate(log, largest=50_000, kept=50)
    lines = [
        line
        for file in [*(rotated(log, number) for number in range(rotations, 0, -1)), log]
        for line in file.read_text().splitlines()
    ]
    assert rotations > 1
    whole = [line for line in lines if len(line) == len("line 000000")]
    assert len(lines) - len(whole) <= 2 * rotations  # a rotation may cut a line in two
    assert whole == sorted(set(whole))
    assert len(whole) > 20_000


def test_without_room_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "a.log"
    log.write_text("kept")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.core.log_files.shutil.copyfileobj", full)
    assert not rotate(log, largest=1)
    assert log.read_text() == "kept"
    assert list(tmp_path.iterdir()) == [log]


def test_at_the_start_of_a_process(tmp_path: Path) -> None:
    log = tmp_path / "echo.log"
    with log.open("wb") as file:
        os.truncate(file.fileno(), LARGEST)
    process = ManagedProcess("echo", ["echo", "hello"], log)
    process.start()
    assert process.process is not None
    process.process.wait()
    assert log.read_text() == "hello\n"
    assert rotated(log, 1).stat().st_size == LARGEST


def test_while_the_platform_runs(tmp_path: Path) -> None:
    platform = Platform(Settings(home=tmp_path), lambda _: None)
    logs = [tmp_path / "logs" / "postgres.log", tmp_path / "llama" / "model.log"]
    for log in logs:
        log.parent.mkdir()
        log.touch()
        os.truncate(log, LARGEST)
    platform.watch(seconds=0.01)
    assert [log.stat().st_size for log in logs] == [0, 0]
    rotate_all([tmp_path / "nowhere"])
