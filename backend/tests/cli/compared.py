"""Running a comparison file, for the tests of the commands about comparisons."""

import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import Cli


async def compared_on(cli: Cli, file: Path, dataset: str) -> dict[str, Any]:
    done = await cli("run", str(file), "--dataset", dataset, "--json")
    assert done.exit_code == 0, done.stderr
    return dict(json.loads(done.stdout))


async def compared(cli: Cli, file: Path) -> dict[str, Any]:
    done = await cli("run", str(file), "--json")
    assert done.exit_code == 0, done.stderr
    return dict(json.loads(done.stdout))


def ids(comparison: dict[str, Any]) -> list[str]:
    return [one["experiment_id"] for one in comparison["experiments"]]
