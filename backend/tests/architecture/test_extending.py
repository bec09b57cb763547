"""``docs/extending.md``, followed in a copy of the project: it works, and takes as few files as it says."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.core.config import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| ([A-Z].+?) \| (\d+) \|$", re.MULTILINE)
_PART = re.compile(r"^`(?P<path>[\w./-]+)`$|^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LEFT_OUT = shutil.ignore_patterns(
    "images", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", "*.egg-info"
)


@dataclass(frozen=True, slots=True)
class Change:
    """A file that a section of the page adds, or a diff of one that is there."""

    path: str
    kind: str
    text: str

    def apply(self, root: Path) -> None:
        """Make the change under ``root``."""
        file = root / self.path
        if self.kind != "diff":
            assert not file.exists(), f"{self.path} is there already"
            file.write_text(self.text, encoding="utf-8")
            return
        lines = self.text.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] != "+")
        after = "".join(line[1:] for line in lines if line[0] != "-")
        content = file.read_text(encoding="utf-8")
        assert content.count(before) == 1, f"{self.path} has not exactly one place like:\n{before}"
        file.write_text(content.replace(before, after), encoding="utf-8")


def sections() -> dict[str, list[Change]]:
    """Return the changes of each section of the page, by its heading."""
    found: dict[str, list[Change]] = {}
    for section in PAGE.split("\n## ")[1:]:
        path = ""
        changes = found.setdefault(section.partition("\n")[0], [])
        for part in _PART.finditer(section):
            path = part["path"] or path
            if part["text"]:
                changes.append(Change(path, part["kind"], part["text"]))
    return found


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
