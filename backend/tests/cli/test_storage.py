"""Pruning on the command line."""

import json

import pytest
from sqlalchemy import text

from app.services.runtime import Runtime
from tests.cli.conftest import Cli


@pytest.fixture
async def old_answers(runtime: Runtime) -> Runtime:
    """A cache of three answers, two of them old."""
    async with runtime.engine.begin() as connection:
        await connection.execute(
            text(
                "insert into generations (key, model, result, created_at) "
                "select n::text, 'm', '{}', now() - n * interval '20 days' from generate_series(0, 2) n"
            )
        )
    return runtime


async def left(runtime: Runtime) -> int:
    async with runtime.engine.connect() as connection:
        return (await connection.scalar(text("select count(*) from generations"))) or 0


async def test_says_first_and_asks(old_answers: Runtime, cli: Cli) -> None:
    planned = await cli("prune", "--older-than", "2w", "--dry-run")
    assert planned.exit_code == 0, planned.output
    assert "Cached answers (cache)" in planned.output
    assert (await cli("prune", "--older-than", "2w")).exit_code == 1  # nobody has confirmed
    assert await left(old_answers) == 3
    done = await cli("prune", "--older-than", "2w", "--what", "cache,logs", "--yes")
    assert (done.exit_code, "removed 2" in done.output) == (0, True)
    assert await left(old_answers) == 1
    assert "Nothing to remove" in (await cli("prune", "--older-than", "2w")).output


async def test_for_programs(old_answers: Runtime, cli: Cli) -> None:
    planned = json.loads((await cli("prune", "--older-than", "25d", "--dry-run", "--json")).stdout)
    assert planned["dry_run"] is True
    done = json.loads((await cli("prune", "--older-than", "25d", "--yes", "--json")).stdout)
    assert {part["name"]: part["count"] for part in done["parts"]}["cache"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--older-than", "30"), "is no age"),
        (("--older-than", "month"), "is no age"),
        (("--older-than", "1d", "--what", "all"), "There is no kind 'all'"),
    ],
)
async def test_refused(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    done = await cli("prune", *arguments)
    assert (done.exit_code, message in done.output) == (1, True)
