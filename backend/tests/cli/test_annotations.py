"""Tests of the commands that name, tag, annotate and archive."""

import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import Cli


async def started(cli: Cli, file: Path, *flags: str) -> str:
    done = await cli("run", str(file), "--detach", *flags)
    assert done.exit_code == 0, done.stderr
    return done.stdout.strip()


async def listed(cli: Cli, *flags: str) -> list[str]:
    page: dict[str, Any] = json.loads((await cli("list", "--json", *flags)).stdout)
    return [one["id"] for one in page["items"]]


async def test_experiments_are_tagged_found_and_archived(cli: Cli, file: Path) -> None:
    first = await started(cli, file, "--tag", "pilot")
    second = await started(cli, file)
    done = await cli("edit", first[:8], second, "--add-tag", "paper", "--add-tag", "final")
    assert done.exit_code == 0
    assert f"changed {first[:8]}: from a file [final, paper, pilot]" in done.stderr
    assert await listed(cli, "--tag", "paper", "--tag", "pilot") == [first]
    await cli("edit", first, "--name", "[b]another", "--notes", "two\nlines", "--remove-tag", "pilot")
    shown = (await cli("show", first)).stdout
    assert "[b]another" in shown
    assert "tags: final, paper" in shown
    assert "two\nlines" in shown
    assert "#paper" in (await cli("list")).stdout
    assert f"archived {first[:8]}" in (await cli("archive", first[:8])).stderr
    assert await listed(cli) == [second]
    assert await listed(cli, "--archived") == [first]
    assert json.loads((await cli("unarchive", first[:8], "--json")).stdout)[0]["archived_at"] is None
    assert await listed(cli) == [second, first]


async def test_what_is_refused_is_said_and_the_rest_is_done(cli: Cli, file: Path) -> None:
    full, other = await started(cli, file), await started(cli, file)
    flags = [flag for number in range(20) for flag in ("--add-tag", f"t{number}")]
    assert (await cli("edit", full, *flags)).exit_code == 0
    done = await cli("edit", full, other, "--add-tag", "one more")
    assert done.exit_code == 1
    assert f"refused {full[:8]}: The experiment would have 21 tags." in done.stderr
    assert f"changed {other[:8]}" in done.stderr
    assert (await cli("edit", full)).exit_code == 2
    assert (await cli("edit", full, other, "--name", "x")).exit_code == 2


async def test_a_comparison_is_tagged(cli: Cli, comparison: Path) -> None:
    ids = (await started(cli, comparison, "--tag", "pilot")).split()
    assert sorted(await listed(cli, "--tag", "pilot")) == sorted(ids)
