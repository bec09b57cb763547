"""From stored trials to the API's answer: cells with their measures, and what makes them less comparable."""

import asyncio
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.scoring import ScoringRule, scoring_rule
from app.domain.status import ExperimentStatus
from app.models import Experiment, MatrixTrial
from app.schemas.matrix import (
    AgainstBaseline,
    CellStage,
    CellState,
    EquivalenceOutcome,
    MatrixCellOut,
    MatrixOut,
    MatrixSummary,
    RateOut,
    ScoreEquivalence,
    SpeedRatio,
    TrialOut,
    TrialStatus,
    WayOut,
)
from app.schemas.matrix_config import MatrixConfig, Optimisation
from app.schemas.result import Estimate
from app.services.comparisons.repository import RunArraysRepository
from app.services.evaluation.metrics.stored import read_metrics
from app.services.evaluation.statistics.equivalence import EquivalenceVerdict
from app.services.evaluation.statistics.rates import MeanRate
from app.services.matrices.advice import advice
from app.services.matrices.measures import (
    Against,
    CellMeasures,
    Difference,
    MeasuredTrial,
    against_baseline,
    measure,
)
from app.services.matrices.service import StoredMatrix, experiment_of_trial
from app.services.matrices.wording import share_text

_STATUSES: dict[ExperimentStatus, TrialStatus] = {
    ExperimentStatus.PENDING: "running",  # started, and about to be worked on
    ExperimentStatus.RUNNING: "running",
    ExperimentStatus.COMPLETED: "completed",
    ExperimentStatus.FAILED: "failed",
    ExperimentStatus.CANCELLED: "cancelled",
}
_BAD: tuple[TrialStatus, ...] = ("failed", "cancelled", "refused")
_FEWEST_ROUNDS = 3
_NOTHING = CellMeasures(*(None,) * 8, failed_runs=0)


def summary_of(stored: StoredMatrix) -> MatrixSummary:
    """Return a matrix as lists show it."""
    config, base = stored.config, stored.config.base
    statuses = [status_of(one) for one in stored.trials]
    return MatrixSummary(
        id=stored.matrix.id,
        name=stored.matrix.name,
        description=stored.matrix.description,
        model=str(base.get("model", "")),
        dataset=str(base["dataset"]["name"]),
        questions=base["dataset"].get("n"),
        methods=[one.name for one in config.methods],
        optimisations=[one.name for one in config.optimisations],
        rounds=config.rounds,
        total=len(statuses),
        ended=sum(one not in {"waiting", "running"} for one in statuses),
        failed=sum(one in _BAD for one in statuses),
        created_at=stored.matrix.created_at,
    )


def status_of(trial: MatrixTrial) -> TrialStatus:
    """Return what has become of a trial."""
    experiment = experiment_of_trial(trial)
    if experiment is None:
        return "waiting" if trial.problem is None else "refused"
    return _STATUSES[ExperimentStatus(experiment.status)]


class MatrixReports:
    """Reads the results of matrices."""

    def __init__(self, session: AsyncSession) -> None:
        self._arrays = RunArraysRepository(session)

    async def report(self, stored: StoredMatrix) -> MatrixOut:
        """Return a matrix with what its cells are worth."""
        config = stored.config
        measured: dict[tuple[str, str], list[MeasuredTrial]] = {}
        for trial in stored.trials:
            found = await self._measured(trial, config.score)
            if found is not None:
                measured.setdefault((trial.method, trial.optimisation), []).append(found)
        cells = await asyncio.to_thread(_cells, stored, measured)
        return MatrixOut(
            **summary_of(stored).model_dump(),
            baseline=config.baseline,
            score=config.score,
            margin=config.margin,
            ways=[_way(one) for one in config.optimisations],
            config=stored.matrix.config,
            cells=cells,
            advice=advice(config, cells),
            warnings=[*_warnings(stored), *_not_cold(config, cells)],
        )

    async def _measured(self, trial: MatrixTrial, score: str) -> MeasuredTrial | None:
        experiment = trial.experiment
        if experiment is None or experiment.result is None or status_of(trial) != "completed":
            return None
        return MeasuredTrial(
            trial.round,
            read_metrics(experiment.result.metrics),
            await self._arrays.arrays(experiment.id, [score], answers=True),
        )


def _way(way: Optimisation) -> WayOut:
    execution = way.execution
    calls = {"sequential": 1, "batched": execution.batch_size}.get(execution.mode, way.concurrency)
    return WayOut(
        name=way.name,
        mode=execution.mode,
        calls=calls,
        by_prefix=execution.schedule == "by_prefix",
        prefix_cache=execution.prefix_cache,
        cache=way.cache,
    )


def _cells(stored: StoredMatrix, measured: dict[tuple[str, str], list[MeasuredTrial]]) -> list[MatrixCellOut]:
    config, cells = stored.config, []
    rule = _rule_of(stored)
    for method in config.methods:
        baseline = measured.get((method.name, config.baseline), [])
        for way in config.optimisations:
            place = (method.name, way.name)
            found = measured.get(place, [])
            against = None
            if found and baseline and way.name != config.baseline:
                against = _against_out(against_baseline(found, baseline, config.score, config.margin, rule))
            trials = [one for one in stored.trials if (one.method, one.optimisation) == place]
            measures = measure(found, config.score) if found else _NOTHING
            cells.append(_cell(place, trials, found, measures, against))
    return cells


def _rule_of(stored: StoredMatrix) -> ScoringRule:
    """Return the rule of the dataset, which all trials share; the default one before there is a trial."""
    experiment = next((one.experiment for one in stored.trials if one.experiment is not None), None)
    scoring = experiment.provenance["dataset"]["scoring"] if experiment else "squad"
    return scoring_rule(scoring)


def _cell(
    place: tuple[str, str],
    trials: Sequence[MatrixTrial],
    measured: Sequence[MeasuredTrial],
    measures: CellMeasures,
    against: AgainstBaseline | None,
) -> MatrixCellOut:
    by_round = {one.round: one for one in measured}
    shown = [_trial(one, by_round.get(one.round)) for one in sorted(trials, key=lambda one: one.round)]
    return MatrixCellOut(
        method=place[0],
        optimisation=place[1],
        state=_state([one.status for one in shown]),
        reasons=list(dict.fromkeys(one.reason for one in shown if one.reason and one.status in _BAD)),
        trials=shown,
        score=Estimate.model_validate(measures.score) if measures.score else None,
        latency_p50_ms=measures.latency_p50_ms,
        latency_p95_ms=measures.latency_p95_ms,
        questions_per_s=_rate(measures.questions_per_s),
        tokens_per_question=measures.tokens_per_question,
        usd_per_1000=measures.usd_per_1000,
        hit_rate=measures.hit_rate,
        prompt_cache_rate=measures.prompt_cache_rate,
        failed_runs=measures.failed_runs,
        stages=[CellStage.model_validate(one) for one in measures.stages],
        against=against,
    )


def _state(statuses: Sequence[TrialStatus]) -> CellState:
    completed = statuses.count("completed")
    if completed == len(statuses):
        return "measured"
    if completed:
        return "partial"
    return "failed" if all(one in _BAD for one in statuses) else "waiting"


def _trial(trial: MatrixTrial, measured: MeasuredTrial | None) -> TrialOut:
    experiment = experiment_of_trial(trial)
    counts = measured.metrics.counts if measured else None
    wall_s = measured.metrics.single.get("wall_s") if measured else None
    return TrialOut(
        round=trial.round,
        position=trial.position,
        experiment_id=experiment.id if experiment else None,
        status=status_of(trial),
        reason=experiment.reason if experiment else trial.problem,
        answered=counts.ok if counts else None,
        failed=counts.failed if counts else None,
        wall_s=wall_s if isinstance(wall_s, float | int) else None,
        questions_per_s=measured.questions_per_s if measured else None,
        score=_score(experiment, measured),
    )


def _score(experiment: Experiment | None, measured: MeasuredTrial | None) -> float | None:
    if experiment is None or measured is None:
        return None
    scores = [one for name, one in measured.metrics.scores.items() if name in measured.runs.values]
    return scores[0].value if scores else None


def _rate(rate: MeanRate | None) -> RateOut | None:
    return None if rate is None else RateOut.model_validate(rate)


def _against_out(against: Against) -> AgainstBaseline:
    same = against.identical
    return AgainstBaseline(
        speed=SpeedRatio.model_validate(against.speed) if against.speed else None,
        identical=Estimate.model_validate(same.answers) if same else None,
        same_outputs=Estimate.model_validate(same.outputs) if same else None,
        score=_equivalence(against.score) if against.score else None,
    )


_OUTCOMES: dict[EquivalenceVerdict, EquivalenceOutcome] = {
    EquivalenceVerdict.BETTER: "better",
    EquivalenceVerdict.WORSE: "worse",
    EquivalenceVerdict.EQUIVALENT: "equivalent",
    EquivalenceVerdict.CANNOT_TELL: "cannot_tell",
}


def _equivalence(found: Difference) -> ScoreEquivalence:
    paired, decided = found.paired, found.equivalence
    return ScoreEquivalence(
        difference=paired.difference,
        low=paired.low,
        high=paired.high,
        test_low=decided.low,
        test_high=decided.high,
        n=paired.n,
        units=paired.units,
        within=decided.within,
        outcome=_OUTCOMES[decided.verdict],
        sentence=decided.sentence,
    )


def _warnings(stored: StoredMatrix) -> list[str]:
    config = stored.config
    warnings = []
    if config.rounds < _FEWEST_ROUNDS:
        what = "has no interval" if config.rounds == 1 else "has an interval from two numbers"
        warnings.append(
            f"{config.rounds} {'round' if config.rounds == 1 else 'rounds'}: the speed {what}, and what "
            f"the machine did at the time is part of it. Run {_FEWEST_ROUNDS} or more."
        )
    done = [one for one in stored.trials if status_of(one) == "completed"]
    changed = _changed("model_fingerprint", done)
    if changed:
        warnings.append(
            f"The model of {', '.join(changed)} changed between trials: they are not of one kind."
        )
    if _changed("code", done):
        warnings.append("The software changed between trials: they are not of one kind.")
    failed = sum(status_of(one) in _BAD for one in stored.trials)
    if failed:
        warnings.append(
            f"{failed} of {len(stored.trials)} trials failed, were cancelled or refused, and are left out of "
            "the figures; their cells say why."
        )
    return warnings


def _changed(what: str, done: Sequence[MatrixTrial]) -> list[str]:
    """Return the methods that have a cell whose trials differ in a part of their provenance."""
    found: dict[tuple[str, str], set[str]] = {}
    for one in done:
        if one.experiment is not None:
            place = (one.method, one.optimisation)
            found.setdefault(place, set()).add(str(one.experiment.provenance.get(what)))
    return list(dict.fromkeys(method for (method, _), values in found.items() if len(values) > 1))


def _not_cold(config: MatrixConfig, cells: Sequence[MatrixCellOut]) -> list[str]:
    """Return sentences about cells that are not of a warm cache, and had answers from one all the same."""
    warm = config.warm
    return [
        f"{one.method}, {one.optimisation}: {share_text(one.hit_rate)} of the answers came from the cache, "
        "of earlier trials or of equal prompts in the same one. Its speed is not that of the model."
        for one in cells
        if one.hit_rate and (warm is None or one.optimisation != warm.name)
    ]
