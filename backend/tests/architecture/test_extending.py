"""``docs/extending.md``, followed in a copy of the project: it works, and takes as few files as it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.config import PROJECT_ROOT
from tests.architecture.extending import PAGE, sections

_ROW = re.compile(r"^\| ([A-Z].+?) \| (\d+) \|$", re.MULTILINE)
_LEFT_OUT = shutil.ignore_patterns(
    "images", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", "*.egg-info"
)


def test_says_how_many_files_are_written_by_hand() -> None:
    written = {
        heading: len({change.path for change in changes if not change.path.startswith("backend/tests/")})
        for heading, changes in sections().items()
    }
    assert written == {heading: int(count) for heading, count in _ROW.findall(PAGE)}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with all examples of the page."""
    root = tmp_path_factory.mktemp("extended")
    for folder in ("backend", "configs", "docs"):
        shutil.copytree(PROJECT_ROOT / folder, root / folder, ignore=_LEFT_OUT)
    for changes in sections().values():
        for change in changes:
            change.apply(root)
    return root


def in_copy(copy: Path, *command: str) -> str:
    """Run a Python module in the copy's backend; return what it wrote, which must be success."""
    backend = copy / "backend"
    env = {**os.environ, "PYTHONPATH": str(backend)}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=backend,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_keeps_the_conventions(copy: Path) -> None:
    changed = [change.path for changes in sections().values() for change in changes]
    code = sorted({path.removeprefix("backend/") for path in changed if path.endswith(".py")})
    in_copy(copy, "ruff", "check", *code)
    in_copy(copy, "ruff", "format", "--check", *code)
    in_copy(copy, "tools.conventions")


def test_works(copy: Path) -> None:
    tests = {
        change.path.removeprefix("backend/")
        for changes in sections().values()
        for change in changes
        if change.path.startswith("backend/tests/")
    }
    said = in_copy(copy, "pytest", "-p", "no:cacheprovider", *sorted(tests))
    assert "failed" not in said
