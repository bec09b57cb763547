"""The benchmark's simulations with few rounds: they run, and nothing is far off."""

import pytest

from benchmarks.decisions import SIZES, decisions
from benchmarks.equivalence import equivalences
from benchmarks.repeats import pass_claims
from benchmarks.rows import Row
from benchmarks.settling import PLANNED, false_findings, questions_asked
from benchmarks.statistics import coverage, false_differences, planned_power

ROUNDS = 100


@pytest.fixture(scope="module")
def found() -> list[Row]:
    return [*false_differences(ROUNDS, 1), *coverage(ROUNDS, 1), *planned_power(ROUNDS, 1)]


def far_off(row: Row) -> bool:
    """Four standard errors of the simulation, which has few rounds and many cases."""
    return not row.low - 2 * row.error <= row.measured <= row.high + 2 * row.error


def test_nothing_is_far_off(found: list[Row]) -> None:
    assert [row for row in found if far_off(row)] == []


def test_differences_of_repeats_keep_their_promises() -> None:
    assert [row for row in pass_claims(20, 3, 60, 1) if far_off(row)] == []


def test_all_is_simulated(found: list[Row]) -> None:
    kinds = [row.case.split()[0].rstrip(",") for row in found]
    assert {kind: kinds.count(kind) for kind in kinds} == {"any": 2, "coverage": 10, "power": 6}


def test_decisions_keep_their_promises_at_every_size() -> None:
    found = list(decisions(40, 1))
    assert [row for row in found if far_off(row)] == []
    for size in SIZES:
        assert sum(f" {size} " in row.case for row in found) >= 10
    # Below the smallest size at which it keeps its promise, the gate decides nothing.
    small = [
        row
        for row in found
        if row.case.startswith("gate") and any(f"points, {n} " in row.case for n in (2, 5, 10))
    ]
    assert {row.note.split(",")[0] for row in small} == {"0.0% decided"}


def test_equivalence_keeps_its_promise() -> None:
    found = list(equivalences(40, 1, sizes=(20, 300)))
    assert [row for row in found if far_off(row)] == []
    assert any(row.measured for row in found[:-1])  # it does find equivalence, by chance, where there is none


def test_comparisons_that_end_when_they_are_settled_keep_their_promise() -> None:
    found = list(false_findings(40, 1, n=100))
    assert [row for row in found if far_off(row)] == []
    assert PLANNED == 194
    first, *_ = questions_asked(5, 1)
    assert "better 100.0%" in first


def test_a_row_knows_its_own_error() -> None:
    row = Row("coverage", 0.92, 0.93, 0.97, 400)
    assert row.error == pytest.approx(0.027, abs=5e-4)
    assert row.kept
    assert not Row("coverage", 0.90, 0.93, 0.97, 40_000).kept
