"""Experiments and comparisons of the API in the shapes that an assistant is given."""

from uuid import UUID

from app.cli.assistant.shapes import (
    Amount,
    ComparedLine,
    Comparison,
    DetailTexts,
    Difference,
    ExperimentDetail,
    ExperimentLine,
    ExperimentTexts,
    FigureLine,
    NameText,
    Score,
)
from app.cli.assistant.texts import Texts
from app.domain.json import JsonObject
from app.schemas.budget import BudgetOut
from app.schemas.comparison import AmountDifference, Compared, ComparisonOut, ScoreDifference
from app.schemas.comparison_wording import (
    about_families,
    about_scores,
    about_settling,
    differences_of,
    ordinary_verdict,
    said_beside,
    tokens_per_answer,
    warnings_of,
)
from app.schemas.experiment import ExperimentOut, ExperimentSummary
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.result import Figure, ResultOut, ScoreStatistics
from app.services.execution.budget_wording import budget_line


def experiment_line(one: ExperimentSummary, texts: Texts) -> ExperimentLine:
    """Return an experiment as a list shows it."""
    return ExperimentLine(**_facts(one, texts), untrusted=ExperimentTexts(**_said(one, texts)))


def experiment_detail(
    one: ExperimentOut, result: ResultOut | None, scoring: str, budgets: list[BudgetOut], texts: Texts
) -> ExperimentDetail:
    """Return an experiment with its result, which is ``None`` before the end."""
    config = (
        one.config.model_dump(mode="json", exclude_none=True)
        if isinstance(one.config, ExperimentConfig)
        else one.config
    )
    warnings = [*([one.config_problem] if one.config_problem else [])]
    metrics = None if result is None else result.metrics
    facts = _facts(one, texts)
    if metrics is not None:
        facts["scores"] = _scores(metrics.scores, texts)
        warnings += [*metrics.warnings, *(figure.warning for figure in metrics.figures)]
    return ExperimentDetail(
        **facts,
        scoring=texts.name(scoring),
        figures=[_figure(figure, texts) for figure in metrics.figures] if metrics else [],
        failures=metrics.counts.failures if metrics else {},
        warnings=texts.sentences(warnings),
        budgets=[budget_line(budget) for budget in budgets],
        dataset_version=one.dataset_version,
        prompt_hash=one.provenance.get("prompt_hash"),
        untrusted=DetailTexts(**_said(one, texts), config=texts.object(config)),
    )


def _facts(one: ExperimentSummary, texts: Texts) -> JsonObject:
    return {
        "id": str(one.id),
        "status": "QUEUED" if one.queued else str(one.status),
        "model": texts.name(one.model),
        "method": texts.name(one.method),
        "variant": texts.name(one.variant),
        "dataset": texts.name(one.dataset),
        "runs_planned": one.total,
        "runs_done": one.progress.done if one.progress else 0,
        "failed_runs": one.failed_runs,
        "scores": {
            texts.name(name): Score(value=score.value, low=score.low, high=score.high, n=score.n)
            for name, score in one.scores.items()
        },
        "latency_p50_ms": one.latency_p50_ms,
        "tokens_per_answer": one.tokens_per_answer,
        "cost_usd": one.cost_usd,
        "created_at": one.created_at.isoformat(),
    }


def _said(one: ExperimentSummary, texts: Texts) -> JsonObject:
    return {
        "name": texts.name(one.name),
        "description": texts.text(one.description),
        "notes": texts.text(one.notes),
        "tags": [texts.name(tag) for tag in one.tags],
        "reason": texts.maybe(one.reason),
    }


def _scores(scores: dict[str, ScoreStatistics], texts: Texts) -> dict[str, Score]:
    return {
        texts.name(name): Score(value=one.value, low=one.low, high=one.high, n=one.n)
        for name, one in scores.items()
    }


def _figure(one: Figure, texts: Texts) -> FigureLine:
    return FigureLine(
        label=texts.name(one.label),
        value=one.value,
        unit=one.unit or one.format,
        low=one.low,
        high=one.high,
        n=one.n,
        better=one.better,
        note=texts.sentence(one.note),
    )


def comparison_of(found: ComparisonOut, scores: list[str], texts: Texts) -> Comparison:
    """Return a comparison by some of its scores, with the sentences that the command line prints."""
    differences = [one for score in scores for one in differences_of(found, score)]
    return Comparison(
        baseline_id=str(found.baseline_id),
        experiments=[_compared(one, found.baseline_id, texts) for one in found.experiments],
        differences=[_difference(found, one, texts) for one in differences],
        amounts=[_amount(one) for one in found.amounts],
        tied_for_best={
            texts.name(score): [str(one) for one in ids]
            for score, ids in found.tied_for_best.items()
            if score in scores
        },
        sentences=texts.sentences([*about_settling(found), *about_families(found), *about_scores(found)]),
        warnings=texts.sentences(warnings_of(found)),
    )


def _compared(one: Compared, baseline_id: UUID, texts: Texts) -> ComparedLine:
    return ComparedLine(
        id=str(one.experiment_id),
        is_baseline=one.experiment_id == baseline_id,
        status=str(one.status),
        model=texts.name(one.model),
        method=texts.name(one.method),
        dataset=texts.name(one.dataset),
        scores=_scores(one.metrics.scores, texts),
        failed_runs=one.metrics.counts.failed,
        latency_p50_ms=one.metrics.latency_ms.p50,
        tokens_per_answer=tokens_per_answer(one.metrics),
        cost_usd=one.metrics.cost_usd.total,
        untrusted=NameText(name=texts.name(one.name), label=texts.name(one.label)),
    )


def _difference(found: ComparisonOut, one: ScoreDifference, texts: Texts) -> Difference:
    tested = one.statistics
    missing = [one.missing.message] if one.missing else []
    said = [ordinary_verdict(found, one), *missing, *said_beside(found, one)]
    return Difference(
        experiment_id=str(one.experiment_id),
        score=texts.name(one.score),
        verdict=tested.outcome if tested else "too_few",
        difference=one.difference,
        low=tested.simultaneous_low if tested else None,
        high=tested.simultaneous_high if tested else None,
        adjusted_p=tested.adjusted_p if tested else None,
        p=tested.p if tested else None,
        test=tested.test if tested else None,
        n_paired=one.n_paired,
        n_questions=one.n_questions,
        both_right=one.both,
        b_only_baseline_right=one.only_baseline,
        c_only_this_right=one.only_this,
        neither_right=one.neither,
        detectable=tested.detectable if tested else None,
        questions_needed=tested.needed if tested else None,
        equivalence=one.equivalence.verdict if one.equivalence else None,
        sentences=texts.sentences(said),
    )


def _amount(one: AmountDifference) -> Amount:
    return Amount(
        experiment_id=str(one.experiment_id),
        quantity=one.quantity,
        baseline=one.baseline,
        this=one.this,
        difference=one.difference,
        low=one.simultaneous_low,
        high=one.simultaneous_high,
        ratio=one.ratio,
        adjusted_p=one.adjusted_p,
        verdict=one.outcome,
        n_paired=one.n_paired,
    )
