"""From a history to the API's answer: verdicts of its steps, and sentences."""

from collections.abc import Sequence
from typing import Any

from app.models import Experiment
from app.schemas.history import HistoryOut, HistoryStepOut, StepDifference
from app.schemas.result import ScoreStatistics
from app.services.comparisons.compare import ScoreComparison
from app.services.comparisons.history import History, HistoryStep
from app.services.comparisons.report import no_test
from app.services.evaluation.statistics.equivalence import EquivalenceVerdict
from app.services.evaluation.statistics.verdict import score_verdict


def history_out(history: History, score: str, margin: float) -> HistoryOut:
    """Return a history with the verdict of each step."""
    previous: Experiment | None = None
    steps = []
    for step in history.steps:
        steps.append(_step(step, score, history.reference, previous))
        previous = step.experiment
    families = [
        max((found.family for found in family if found is not None), default=0)
        for family in (
            [step.against_reference for step in history.steps],
            [step.against_previous for step in history.steps],
        )
    ]
    return HistoryOut(
        config_hash=history.config_hash,
        score=score,
        margin=margin,
        reference_id=history.reference.id,
        steps=steps,
        note=_note(*families),
        scoring=history.scoring,
        warnings=[*_left_out(history), *_warnings(steps)],
    )


def _left_out(history: History) -> list[str]:
    if not history.left_out:
        return []
    lacking = f"{history.left_out:,} of {history.left_out + len(history.steps):,}"
    return [f"{lacking} experiments of this configuration have no scoring {history.scoring!r}: left out."]


def _note(against_reference: int, against_previous: int) -> str:
    if against_reference < 2:
        return "On the questions that both answered."
    return (
        f"p and intervals allow for all {against_reference} differences from the reference, and for all "
        f"{against_previous} from the experiment before."
    )


def _warnings(steps: Sequence[HistoryStepOut]) -> list[str]:
    again = steps[1:]
    if not again or any(one.cached < one.answered or not one.answered for one in again):
        return []
    warning = (
        "All answers after the first experiment came from the cache: equal scores say nothing of the model. "
        "With cache: false it is asked again."
    )
    return [warning]


def _step(
    step: HistoryStep, score: str, reference: Experiment, previous: Experiment | None
) -> HistoryStepOut:
    one = step.experiment
    metrics = step.result.result.metrics
    counts: dict[str, Any] = metrics["counts"]
    statistics = metrics["scores"].get(score)
    return HistoryStepOut(
        experiment_id=one.id,
        name=one.name,
        status=one.status,
        created_at=one.created_at,
        score=None if statistics is None else ScoreStatistics.model_validate(statistics),
        cached=int(counts.get("cached", 0)),
        answered=int(counts.get("ok", 0)),
        changes=step.changes,
        against_reference=_difference(reference, step.against_reference, "the reference"),
        against_previous=None
        if previous is None
        else _difference(previous, step.against_previous, "the one before"),
    )


def _difference(first: Experiment, found: ScoreComparison | None, name: str) -> StepDifference | None:
    if found is None:
        return None
    paired = found.paired
    if paired is None:
        return StepDifference(
            experiment_id=first.id,
            n_paired=found.n_paired,
            difference=None,
            low=None,
            high=None,
            adjusted_p=None,
            verdict="cannot_tell",
            message=no_test(found.n_paired),
        )
    bounds = found.simultaneous or paired.simultaneous
    p = paired.p if found.adjusted_p is None else found.adjusted_p
    verdict = found.equivalence.verdict if found.equivalence else EquivalenceVerdict.CANNOT_TELL
    return StepDifference(
        experiment_id=first.id,
        n_paired=found.n_paired,
        difference=paired.difference,
        low=bounds[0],
        high=bounds[1],
        adjusted_p=p,
        verdict=verdict.value,
        message=score_verdict(
            name,
            "this one",
            paired,
            p=p,
            simultaneous=bounds if found.family > 1 else None,
            questions=found.questions,
        ),
    )
