"""Every room is in the contract of layers, says what it owns, and has walls that stand."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tools import rooms
from tools.conventions import BACKEND

SERVICES = BACKEND / "app" / "services"
ROOMS = sorted(path.stem for path in SERVICES.iterdir() if path.stem[0] != "_")
CONTRACTS = tomllib.loads((BACKEND / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
VIOLATIONS = {
    "layers": ("app/services/runs/repository.py", "import app.services.execution.executor"),
    "independence": ("app/schemas/common.py", "import app.core.errors"),
    "forbidden: What a notebook may use": ("app/services/methods/base.py", "import sqlalchemy"),
    "forbidden: Clients know the API's schemas": ("llmforge/lab.py", "import app.models"),
    "forbidden: The API does HTTP only": ("app/api/overview.py", "import app.models"),
}
"""By the beginning of a contract's type and name: a file, and a line that must not stand in it."""
USABLE_CORE = {
    f"app.core.{name}" for name in ("cores", "files", "log_files", "packages", "processes", "visible")
}
"""What the rooms for notebooks may use of core: it needs no settings, database, queue or web."""


def test_notebook_rooms_may_use_no_other_module_of_core() -> None:
    (contract,) = (one for one in CONTRACTS if one["name"].startswith("What a notebook may use"))
    core = {f"app.core.{path.stem}" for path in (BACKEND / "app" / "core").iterdir() if path.stem[0] != "_"}
    assert core - set(contract["forbidden_modules"]) == USABLE_CORE


def test_every_room_stands_in_the_layers() -> None:
    named = {
        room.removeprefix("app.services.") for row in rooms.layers() for room in row if "services" in room
    }
    assert named == set(ROOMS)


@pytest.mark.parametrize("room", [room for room in ROOMS if (SERVICES / room).is_dir()])
def test_says_what_it_owns_and_what_it_must_not_do(room: str) -> None:
    said = ast.get_docstring(ast.parse((SERVICES / room / "__init__.py").read_text())) or ""
    owns, _, limits = said.partition("\n\n")
    assert owns.endswith(".")
    assert re.match(r"(It|They|Nothing here) (must not|know|reads? only)", limits), limits


def test_every_wall_has_a_violation_that_it_stops(tmp_path: Path) -> None:
    for package in ("app", "llmforge"):
        shutil.copytree(BACKEND / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(BACKEND / "pyproject.toml", tmp_path)
    for path, line in VIOLATIONS.values():
        with (tmp_path / path).open("a") as file:
            file.write(f"\n{line}\n")
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False)
    broken = set(re.findall(r"^(.+) BROKEN", done.stdout, re.MULTILINE))
    assert broken == {contract["name"] for contract in CONTRACTS}
    assert len(VIOLATIONS) == len(CONTRACTS)


def test_the_diagram_is_that_of_the_code() -> None:
    assert rooms.diagram() in rooms.PAGE.read_text()
