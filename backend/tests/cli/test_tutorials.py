"""The tutorials' files and commands, run in their order; a scripted model stands for the bundled one."""

import re
import shlex
from pathlib import Path

import pytest

from app.core.config import PROJECT_ROOT
from tests.cli.conftest import Cli

_TUTORIALS = PROJECT_ROOT / "docs" / "tutorials"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MODEL = "local/smollm2-135m-instruct"
_NEEDS_A_MODEL_OF_RETRIEVAL = ("kb search", "run handbook.yaml")
_SAME_FOR_ALL = "added "
"""How lines of output begin that are the same wherever the command is run."""


def _write_files(page: str, folder: Path) -> None:
    """Write the files that a page shows: YAML and Markdown name themselves, JSONL is named by the text."""
    names = re.findall(r"`(\w+\.jsonl)`", page)
    for kind, text in _BLOCK.findall(page):
        named = re.match(r"(?:# |<!-- )([\w/.]+\.(?:yaml|md))(?: -->)?\n", text)
        if named:
            file, body = folder / named[1], text[named.end() :]
        elif kind == "json":
            file, body = folder / names[0], text
        else:
            continue
        file.parent.mkdir(exist_ok=True)
        file.write_text(body.replace(_MODEL, "mock/gold"), encoding="utf-8")


@pytest.mark.parametrize("name", ["own-data.md", "own-documents.md"])
async def test_can_be_followed(
    name: str, cli: Cli, working: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (_TUTORIALS / name).read_text(encoding="utf-8")
    _write_files(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    ran = 0
    for console in (text for kind, text in _BLOCK.findall(page) if kind == "console"):
        for step in re.split(r"^\$ llmforge ", console, flags=re.MULTILINE)[1:]:
            command, _, shown = step.partition("\n")
            if command.startswith(_NEEDS_A_MODEL_OF_RETRIEVAL):
                continue
            done = await cli(*shlex.split(command))
            assert done.exit_code == 0, f"{command}: {done.stderr}"
            said = done.stdout + done.stderr
            for line in (line for line in shown.splitlines() if line.startswith(_SAME_FOR_ALL)):
                assert line in said
            ran += 1
    assert ran == 2
