"""Tests of published figures: a speed-up in prose is one of the tables that `llmforge bench` wrote."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
FINDINGS = ROOT / "docs" / "findings" / "optimisation.md"
_SPEED = re.compile(r"\d[\d.]* × \[[\d., ]+\]")


def _speeds(text: str) -> set[str]:
    """Return ratios with their intervals, without the line breaks and the escapes of Markdown."""
    return set(_SPEED.findall(re.sub(r"\s+", " ", text.replace("\\", ""))))


@pytest.mark.parametrize("document", [ROOT / "README.md", FINDINGS], ids=lambda file: file.name)
def test_speed_ups_in_prose_stand_in_a_table(document: Path) -> None:
    rows = [line for line in FINDINGS.read_text().splitlines() if line.startswith("| ")]
    prose = [line for line in document.read_text().splitlines() if not line.startswith("|")]
    claimed = _speeds("\n".join(prose))
    assert claimed
    assert claimed - _speeds("\n".join(rows)) == set()
