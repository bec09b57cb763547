"""How a comparison that could end early is worded: both verdicts, and what was saved."""

import uuid
from typing import Any

import pytest

from app.schemas.comparison import (
    ComparisonOut,
    DifferenceStatistics,
    ScoreDifference,
    Settling,
    SettlingSide,
)
from app.schemas.comparison_wording import about_families, about_scores, about_settling, ordinary_verdict
from app.services.report.settling_section import settling_markdown

OTHER = uuid.UUID(int=2)


def side(**fields: Any) -> SettlingSide:
    known: dict[str, Any] = {
        "experiment_id": OTHER,
        "name": "few | shot",
        "asked": 47,
        "compared": 47,
        "difference": 0.2,
        "low": 0.011,
        "high": 0.38,
        "level": 0.95,
        "two_tests_low": 0.02,
        "two_tests_high": 0.37,
        "two_tests_level": 0.9,
        "p": 0.03,
        "settled": True,
        "verdict": "better",
        "message": "few-shot is better.",
    }
    return SettlingSide(**{**known, **fields})


def comparison(saved_usd: float | None = 0.12, **fields: Any) -> ComparisonOut:
    settling = Settling(
        id=uuid.UUID(int=1),
        score="exact_match",
        margin=0.02,
        planned=194,
        asked=47,
        settled=True,
        sides=[side()],
        saved_runs=294,
        saved_usd=saved_usd,
        notes=["A note."],
    )
    return ComparisonOut.model_construct(**{"settling": settling, "differences": [difference()], **fields})


def difference(score: str = "exact_match", family: int = 1) -> ScoreDifference:
    known: dict[str, Any] = {"low": 0.05, "high": 0.35, "p": 0.0123, "verdict": "B is better."}
    statistics = DifferenceStatistics.model_construct(**known, family=family)
    fields: dict[str, Any] = {"experiment_id": OTHER, "score": score, "statistics": statistics}
    return ScoreDifference.model_construct(**fields)


@pytest.mark.parametrize(
    ("usd", "said"),
    [
        (0.12, "Saved 294 runs of those that were planned, or $0.12."),
        (0.00001, "Saved 294 runs of those that were planned, or $0.00001."),
        (0.0, "Saved 294 runs of those that were planned."),
        (None, "Saved 294 runs of those that were planned."),
    ],
)
def test_calls_that_cost_nothing_saved_no_money(usd: float | None, said: str) -> None:
    assert about_settling(comparison(usd)) == ["few-shot is better.", said, "A note."]


def test_the_ordinary_test_is_for_the_record_where_another_decided() -> None:
    assert ordinary_verdict(comparison(), difference()) == "For the record, the ordinary test: B is better."
    assert ordinary_verdict(comparison(), difference("f1")) == "B is better."
    assert ordinary_verdict(comparison(settling=None), difference()) == "B is better."


def test_a_report_shows_both_verdicts_and_what_was_saved() -> None:
    found = comparison()
    assert found.settling is not None
    text = settling_markdown(found, found.settling)
    assert (
        "| few \\| shot | better | 47 of 194 | +20.0 | [1.1, 38.0], 95.0 % | [5.0, 35.0] | 0.0123 |" in text
    )
    assert "Ending early saved 294 planned runs, or $0.12 at the mean cost of the others." in text
    assert text.endswith("A note.")
    open_ = found.settling.model_copy(update={"sides": [side(settled=False)], "saved_runs": 0})
    assert "| not settled |" in settling_markdown(found, open_)
    assert "saved" not in settling_markdown(found, open_)


def test_runs_that_a_budget_cut_off_are_not_said_to_be_saved() -> None:
    cut = "few-shot: 60 planned runs were not made. The budget of 60 calls is spent (60)."
    changes = {"saved_runs": 0, "saved_usd": 0.0, "unfinished": [cut], "notes": []}
    found = comparison()
    assert found.settling is not None
    settling = found.settling.model_copy(update=changes)
    assert about_settling(comparison(settling=settling)) == ["few-shot is better.", cut]
    text = settling_markdown(found, settling)
    assert text.endswith(cut)
    assert "saved" not in text


def test_a_comparison_that_an_earlier_version_stored_is_read() -> None:
    found = comparison().settling
    assert found is not None
    assert Settling.model_validate(found.model_dump(exclude={"unfinished"})).unfinished == []


@pytest.mark.parametrize(
    ("family", "sizes", "said"),
    [
        ("score", (1,), []),
        (
            "score",
            (1, 1),
            ["each of the 2 scores is a family of its own; with --family page"],
        ),
        (
            "page",
            (2, 2),
            ["p is adjusted by Holm for all 2 comparisons of 2 scores, and"],
        ),
        ("page", (1,), []),
    ],
)
def test_whose_family_the_scores_are_is_said(family: str, sizes: tuple[int, ...], said: list[str]) -> None:
    differences = [difference(f"score {place}", size) for place, size in enumerate(sizes)]
    found = comparison(differences=differences, family=family)
    lines = [*about_families(found), *about_scores(found)]
    assert [line[: len(one)] for line, one in zip(lines, said, strict=True)] == said
