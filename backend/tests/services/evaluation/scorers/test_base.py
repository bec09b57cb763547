"""Tests of running scorers, and of their registry."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

import pytest

from app.domain.prediction import ParsedAnswer, ParseOutcome, Prediction, ScoredSample
from app.domain.scoring import Score, ScoreDescription
from app.services.evaluation.scorers.base import (
    RegisteredScorer,
    Scorer,
    ScorerResources,
    ScorerUnavailable,
    open_scoring,
    without_resources,
)
from app.services.evaluation.scorers.registry import SCORERS, ScorerRegistry
from app.services.evaluation.scorers.text import EXACT_MATCH, F1
from tests.factories import config, example

PARIS = ParsedAnswer("Paris", ParseOutcome.ANSWERED, "first_line")
SAMPLE = ScoredSample(example("Capital of France?", "Paris"), Prediction("Paris", PARIS, ()), "squad")
NOTHING = cast(ScorerResources, None)


def described(*names: str) -> list[ScoreDescription]:
    return [ScoreDescription(name, 1, "binary", "style", name, "") for name in names]


def giving(*scores: Score) -> Scorer:
    async def scorer(_: ScoredSample) -> Sequence[Score]:
        return scores

    return scorer


async def broken(_: ScoredSample) -> Sequence[Score]:
    raise ZeroDivisionError("x" * 500)


async def scores(*scorers: RegisteredScorer) -> list[Score]:
    async with open_scoring(scorers, NOTHING) as scoring:
        return await scoring(SAMPLE)


class TestScoring:
    async def test_a_scorer_that_crashes_leaves_its_scores_unscored_and_no_others(self) -> None:
        first, second, third = await scores(
            without_resources("toy", broken, *described("one", "two")), EXACT_MATCH
        )
        assert (first.name, first.value, second.name, second.value) == ("one", None, "two", None)
        assert first.reason.startswith("the scorer failed (ZeroDivisionError: xxx")
        assert len(first.reason) == 200
        assert (third.name, third.value) == ("exact_match", 1.0)

    async def test_scores_that_no_one_described_are_not_stored(self) -> None:
        (score,) = await scores(without_resources("toy", giving(Score("other", 1.0)), *described("toy")))
        assert (score.name, score.value) == ("toy", None)
        assert "does not describe" in score.reason

    async def test_a_scorer_may_give_fewer_scores_than_it_can(self) -> None:
        assert await scores(without_resources("toy", giving(), *described("toy"))) == []

    async def test_scorers_are_closed_in_any_case(self) -> None:
        events: list[str] = []

        @asynccontextmanager
        async def opened(_: ScorerResources) -> AsyncIterator[Scorer]:
            events.append("open")
            yield giving()
            events.append("closed")

        @asynccontextmanager
        async def unavailable(_: ScorerResources) -> AsyncIterator[Scorer]:
            raise ScorerUnavailable("no model")
            yield giving()

        await scores(RegisteredScorer("toy", (), opened))
        assert events == ["open", "closed"]


class TestRegistry:
    def test_names_are_given_once(self) -> None:
        with pytest.raises(ValueError, match="already"):
            ScorerRegistry([EXACT_MATCH, EXACT_MATCH])
        with pytest.raises(ValueError, match="already"):
            ScorerRegistry([EXACT_MATCH, without_resources("toy", broken, *described("exact_match"))])

    def test_scorers_to_choose_are_used_where_they_are_named(self) -> None:
        registry = ScorerRegistry([F1, without_resources("toy", broken, *described("toy"))])
        assert registry.chosen_by_name() == ["toy"]
        assert [one.name for one in registry.of(config(), "squad")] == ["f1"]
        assert [one.name for one in registry.of(config(scorers={"toy": {}}), "squad")] == ["f1", "toy"]

    def test_retrieval_and_faithfulness_apply_by_the_configuration(self) -> None:
        rag = config(method={"name": "rag"}, faithfulness={"judge": "nli"})
        assert [one.name for one in SCORERS.of(rag, "squad")][-2:] == ["retrieval", "faithfulness"]

    def test_stored_scores_whose_scorer_is_gone_have_a_plain_description(self) -> None:
        found = SCORERS.describe("old_score")
        assert (found.label, found.group, found.kind) == ("Old score", "answer", "graded")
