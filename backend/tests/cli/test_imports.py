"""Tests of the command that imports other harnesses' logs."""

from pathlib import Path

import httpx

from tests.cli.conftest import Cli
from tests.fixtures.harness_logs import Sample, inspect_log


async def test_a_file_that_cannot_be_read_ends_it(cli: Cli, api: httpx.AsyncClient, tmp_path: Path) -> None:
    log = tmp_path / "log.eval"
    log.write_bytes(inspect_log([Sample("1", "Who?", ("Me",), "Me", right=True)]))
    done = await cli("import", str(log), str(tmp_path / "none.eval"))
    assert done.exit_code == 1
    assert "Cannot read" in done.stderr
    assert "none.eval" in done.stderr
    assert (await api.get("/api/v1/experiments")).json()["total"] == 0
