"""Tests of what trials show, on made-up runs."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.domain.metrics import RunContext
from app.domain.scoring import scoring_rule
from app.domain.stages import StageProfile, StageStatistics
from app.services.comparisons.pairing import RunArrays
from app.services.evaluation.metrics.compute import compute_metrics
from app.services.evaluation.statistics.equivalence import EquivalenceVerdict
from app.services.matrices.measures import Difference, MeasuredTrial, against_baseline, measure
from tests.factories import facts, failed_facts

RULE = scoring_rule("squad")


def trial(
    number: int,
    scores: list[float | None],
    *,
    wall_s: float = 10.0,
    latencies: list[float] | None = None,
    answers: list[str | None] | None = None,
    cached: bool = False,
    **fields: Any,
) -> MeasuredTrial:
    """Return a trial with a run for each score; ``None``: it failed."""
    runs = [
        failed_facts()
        if value is None
        else facts(
            scores={"exact_match": value},
            cached=cached,
            answered_calls=1,
            cache_use={"memory": 1} if cached else None,
            **fields,
        )
        for value in scores
    ]
    size = len(scores)
    texts = answers or [None if value is None else "an answer" for value in scores]
    return MeasuredTrial(
        number,
        compute_metrics(runs, RunContext(size, wall_s, None, 0)),
        RunArrays(
            hashes=[f"question {place}" for place in range(size)],
            repeats=[0] * size,
            keys=[str(place) for place in range(size)],
            clusters=[None] * size,
            failed=[value is None for value in scores],
            values={
                "exact_match": np.array([np.nan if value is None else value for value in scores]),
                "latency_ms": np.array(latencies or [np.nan if cached else 100.0] * size),
            },
            outputs=[
                None if value is None else hash(text) for value, text in zip(scores, texts, strict=True)
            ],
            answers=texts,
        ),
    )


def test_rounds_are_clusters_of_questions() -> None:
    scores: list[float | None] = [1.0, 0.0] * 30
    one = measure([trial(1, scores)], "exact_match").score
    three = measure([trial(number, scores) for number in (1, 2, 3)], "exact_match").score
    assert one is not None
    assert three is not None
    assert (one.n, three.n, three.method) == (60, 180, "clustered")
    # The same answers three times are no more knowledge than once.
    assert three.high - three.low == pytest.approx(one.high - one.low, rel=0.1)


def test_sums_and_quantiles() -> None:
    found = measure(
        [
            trial(1, [1.0, 0.0], wall_s=4.0, latencies=[100.0, 200.0], cost_usd=0.002),
            trial(2, [1.0, None], wall_s=1.0, latencies=[300.0, np.nan], cost_usd=0.002),
        ],
        "exact_match",
    )
    assert found.latency_p50_ms == 200
    assert found.latency_p95_ms == pytest.approx(290)
    assert found.questions_per_s is not None
    assert found.questions_per_s.value == pytest.approx((0.5 * 1) ** 0.5)
    assert found.tokens_per_question == 3 * 25 / 4
    assert found.usd_per_1000 == pytest.approx(1.5)
    assert (found.hit_rate, found.failed_runs) == (0, 1)


def test_a_warm_cache_has_a_speed_but_no_latency() -> None:
    found = measure([trial(1, [1.0, 1.0], wall_s=0.01, cached=True)], "exact_match")
    assert found.questions_per_s is not None
    assert found.questions_per_s.value == pytest.approx(200)
    assert (found.latency_p50_ms, found.hit_rate, found.tokens_per_question) == (None, 1, 0)


def test_prompt_caches_are_counted_in_tokens() -> None:
    told = {"queried_tokens": 20, "read_tokens": 5}
    trials = [
        replace(
            one, metrics=compute_metrics([facts(answered_calls=1, cache_use=use)], RunContext(1, 1, None, 0))
        )
        for one, use in ((trial(1, [1.0]), told), (trial(2, [1.0]), {"queried_tokens": 20}))
    ]
    assert measure(trials, "exact_match").prompt_cache_rate == pytest.approx(5 / 40)


def test_stages_are_means_over_all_runs() -> None:
    def profile(runs: int, **means: float) -> StageProfile:
        stages = tuple(StageStatistics(name, 0, 0, mean, 0) for name, mean in means.items())
        return StageProfile(runs, 0, 0, 0, 0, stages)

    trials = [
        replace(one, metrics=replace(one.metrics, stages=stages))
        for one, stages in (
            (trial(1, [1.0]), profile(1, call=40.0, prompt=1.0)),
            (trial(2, [1.0]), profile(3, call=20.0)),
            (trial(3, [1.0]), None),
        )
    ]
    found = measure(trials, "exact_match").stages
    assert [(one.name, one.group, one.mean_ms) for one in found] == [
        ("prompt", "prompt", 0.25),
        ("call", "model", 25.0),
    ]


def difference(
    scores: list[float | None], baseline: list[float | None], margin: float = 0.02
) -> Difference | None:
    return against_baseline([trial(1, scores)], [trial(1, baseline)], "exact_match", margin, RULE).score


class TestAgainst:
    scores: list[float | None] = [1.0, 0.0] * 100

    def test_faster_with_the_same_answers(self) -> None:
        baseline = [trial(number, self.scores, wall_s=10 + number) for number in (1, 2, 3)]
        cell = [trial(number, self.scores, wall_s=(10 + number) / 2) for number in (1, 2, 3)]
        found = against_baseline(cell, baseline, "exact_match", 0.02, RULE)
        assert found.speed is not None
        assert found.speed.value == pytest.approx(2)
        assert found.identical is not None
        assert (found.identical.answers.value, found.identical.answers.n) == (1, 600)
        assert found.score is not None
        assert (found.score.paired.difference, found.score.paired.units) == (0, 200)
        assert found.score.equivalence.verdict is EquivalenceVerdict.EQUIVALENT

    @pytest.mark.parametrize(
        ("scores", "margin", "outcome"),
        [
            ([1.0] * 200, 0.02, "better"),
            ([0.0] * 200, 0.02, "worse"),
            ([1.0, 0.0] * 95 + [0.0, 1.0] * 5, 0.02, "cannot_tell"),
            ([1.0, 0.0] * 95 + [0.0, 1.0] * 5, 0.05, "equivalent"),
        ],
    )
    def test_outcomes(self, scores: list[float | None], margin: float, outcome: str) -> None:
        found = against_baseline(
            [trial(1, scores)], [trial(1, self.scores)], "exact_match", margin, RULE
        ).score
        assert found is not None
        assert found.equivalence.verdict == outcome

    def test_what_failed_may_decide(self) -> None:
        few_failed: list[float | None] = [*self.scores[:-8], *[None] * 8]
        found = against_baseline(
            [trial(1, few_failed)], [trial(1, self.scores)], "exact_match", 0.02, RULE
        ).score
        assert found is not None
        assert found.paired.difference == 0
        assert found.equivalence.low < -0.02 < 0.02 < found.equivalence.high
        assert found.equivalence.verdict is EquivalenceVerdict.CANNOT_TELL

    def test_too_few_questions_are_not_equivalent(self) -> None:
        found = against_baseline(
            [trial(1, [1.0] * 10)], [trial(1, [0.0] * 10)], "exact_match", 0.02, RULE
        ).score
        assert found is not None
        assert not found.equivalence.within

    def test_only_rounds_that_both_have(self) -> None:
        cell = [trial(1, self.scores, wall_s=1.0), trial(2, self.scores, wall_s=9.0)]
        found = against_baseline(cell, [trial(2, self.scores, wall_s=9.0)], "exact_match", 0.02, RULE)
        assert found.speed is not None
        assert found.speed.value == pytest.approx(1)
        assert found.speed.rounds == 1

    def test_no_round_in_common(self) -> None:
        found = against_baseline([trial(1, self.scores)], [trial(2, self.scores)], "exact_match", 0.02, RULE)
        assert (found.speed, found.identical, found.score) == (None, None, None)

    def test_identity_is_of_answers_that_both_gave(self) -> None:
        baseline = trial(1, [1.0] * 4, answers=["a", "b", "c", "d"])
        cell = trial(1, [1.0, 1.0, 1.0, None], answers=["The A", "B!", "x", None])
        found = against_baseline([cell], [baseline], "exact_match", 0.02, RULE).identical
        assert found is not None
        assert found.answers.value == pytest.approx(2 / 3)
        assert (found.answers.n, found.outputs.value) == (3, 0)

    def test_nothing_known_of_the_time(self) -> None:
        one = trial(1, self.scores)
        unknown = replace(one, metrics=replace(one.metrics, single={"wall_s": None}))
        found = against_baseline([unknown], [one], "exact_match", 0.02, RULE)
        assert found.speed is None
        assert found.identical is not None
