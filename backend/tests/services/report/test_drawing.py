"""Tests of drawing reports for several requests: one after the other, and not without end."""

import asyncio

import pytest

from app.core.errors import Unavailable
from app.services.report import drawing
from app.services.report.content import Report, Section
from app.services.report.drawing import Drawings
from app.services.report.figures.base import BarChart, Drawn, Figure

FIGURE = Figure("bars", "title", "caption", "alt", BarChart("time (ms)", ("call",), (("a", (1.0,)),), ("1",)))
REPORT = Report("title", (Section("Results", "text", (FIGURE,)),), {})
NOTHING = Report("title", (Section("Results", "text"),), {})


@pytest.fixture
def most_at_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many are drawn at each start of a drawing."""
    running = 0
    seen: list[int] = []

    async def draw(_figures: list[Figure]) -> Drawn:
        nonlocal running
        running += 1
        seen.append(running)
        await asyncio.sleep(0)
        running -= 1
        return Drawn({"bars-light.svg": b""}, frozenset())

    monkeypatch.setattr(drawing, "_in_a_process", draw)
    return seen


async def test_one_at_a_time_and_the_last_of_too_many_is_sent_away(most_at_once: list[int]) -> None:
    drawings = Drawings()
    found = await asyncio.gather(*(drawings.drawn(REPORT) for _ in range(6)), return_exceptions=True)
    assert most_at_once == [1] * 5
    assert [type(one) for one in found] == [Drawn] * 5 + [Unavailable]
    assert isinstance(found[-1], Unavailable)
    assert "Try again in a minute" in found[-1].hint
    # Afterwards there is room again.
    assert (await drawings.drawn(REPORT)).files


async def test_a_report_without_figures_needs_no_turn(most_at_once: list[int]) -> None:
    assert await Drawings().drawn(NOTHING) == Drawn({}, frozenset())
    assert most_at_once == []
