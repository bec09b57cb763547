"""Tests of the commands that write and verify bundles."""

import zipfile
from pathlib import Path

import orjson
import pytest

from tests.cli.compared import compared, ids
from tests.cli.conftest import Cli
from tests.services.bundles.test_bundles import changed, read, write


@pytest.fixture
async def file(cli: Cli, comparison: Path, working: None, tmp_path: Path) -> Path:
    """A bundle of a comparison."""
    found = ids(await compared(cli, comparison))
    done = await cli("export", *(one[:8] for one in found), "-f", "bundle", "-o", str(tmp_path / "b.zip"))
    assert done.exit_code == 0, done.stderr
    return tmp_path / "b.zip"


async def test_what_was_exported_is_verified(cli: Cli, file: Path) -> None:
    done = await cli("verify", str(file))
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    names = [line.rpartition(": ")[0] for line in lines]
    assert names == ["files", "Two models: half", "Two models: all", "comparison"]
    assert all("all as stated" in line for line in lines)
    assert "says what its runs say" in done.stderr


async def test_what_differs_is_listed(cli: Cli, file: Path) -> None:
    files, name = read(file), "comparison.json"
    path = ("differences", 0, "difference")
    write(file, {**files, name: changed(files[name], path)})
    done = await cli("verify", str(file))
    assert done.exit_code == 1
    assert "differences[0].difference" in done.stdout
    assert "1 values differ" in done.stderr
    as_json = orjson.loads((await cli("verify", str(file), "--json")).stdout)
    assert [len(part["differences"]) for part in as_json] == [0, 0, 0, 1]


async def test_hostile_names_do_nothing_in_a_terminal(cli: Cli, file: Path) -> None:
    files = read(file)
    manifest = orjson.loads(files["manifest.json"])
    manifest["experiments"][0]["name"] = "[red]\x1b]0;owned\x07"
    write(file, {**files, "manifest.json": orjson.dumps(manifest)})
    shown = (await cli("verify", str(file))).stdout
    assert "\x1b" not in shown
    assert "[red]" in shown


async def test_without_the_dataset(cli: Cli, comparison: Path, working: None, tmp_path: Path) -> None:
    found = ids(await compared(cli, comparison))
    out = tmp_path / "b.zip"
    done = await cli("export", found[0], "-f", "bundle", "--without-dataset", "-o", str(out))
    assert done.exit_code == 0, done.stderr
    with zipfile.ZipFile(out) as archive:
        assert not [name for name in archive.namelist() if name.startswith("datasets/")]
    assert "the questions were left out" in (await cli("verify", str(out))).stdout


async def test_what_is_refused(cli: Cli, file: Path, tmp_path: Path) -> None:
    none = await cli("verify", str(tmp_path / "none.zip"))
    assert (none.exit_code, "There is no file" in none.stderr) == (1, True)
    several = await cli("export", "12345678", "23456789")
    assert (several.exit_code, "Only a bundle" in several.stderr) == (1, True)
