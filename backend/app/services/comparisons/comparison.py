"""Experiments with their results and runs, compared with the first of them: nothing is read here."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.provenance import Provenance
from app.domain.scoring import ScoreFamily, scoring_rule
from app.models import Experiment
from app.schemas.comparison import Settling
from app.services.comparisons.compare import ExperimentComparison, best_of, compare_experiments
from app.services.comparisons.pairing import RunArrays
from app.services.results.service import ExperimentResult

_NAMED = 5
"""Questions named in a sentence at most."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Experiments compared with the first of them.

    Attributes:
        results: the experiments with their results; the first is the baseline.
        against_baseline: each other experiment against the baseline.
        best: by score, the ids of the best and of all that are not distinguishable from it.
        warnings: what makes them less comparable, as sentences.
        settling: what ended them, if they were to end as soon as they are settled.
        family: what the comparisons of scores allow for.
    """

    results: list[ExperimentResult]
    against_baseline: list[ExperimentComparison]
    best: dict[str, list[str]]
    warnings: list[str]
    settling: Settling | None = None
    family: ScoreFamily = "score"


def compared(
    results: Sequence[ExperimentResult],
    runs: Sequence[RunArrays],
    margin: float,
    family: ScoreFamily,
    settling: Settling | None = None,
) -> Comparison:
    """Compare experiments with the first of them, on the questions that both answered.

    Args:
        results: of the experiments.
        runs: of each, with the scores that they share.
        margin: the largest difference of a score that does not matter.
        family: see ``compare_experiments``.
        settling: what ended them, if they were to end as soon as they are settled.
    """
    experiments = [one.experiment for one in results]
    provenances = [Provenance.from_json(one.result.provenance) for one in results]
    scores = comparable_scores(provenances)
    baseline, *others = runs
    rule = scoring_rule(provenances[0].dataset.scoring)
    found = compare_experiments(baseline, others, scores, margin=margin, rule=rule, family=family)
    named = {str(one.id): arrays for one, arrays in zip(experiments, runs, strict=True)}
    best = {name: best_of(named, name) for name in scores}
    warnings = _differ("Scorings", [one.scoring for one in results])
    warnings += _warnings(experiments, provenances, scores) + _copies(experiments, runs)
    return Comparison(list(results), found, best, warnings, settling, family)


def comparable_scores(provenances: Sequence[Provenance]) -> list[str]:
    """Return the scores that all experiments have, by the same version of the scorer."""
    first = provenances[0].scorers
    return [
        name
        for name, version in first.items()
        if all(one.scorers.get(name) == version for one in provenances)
    ]


def _warnings(
    experiments: Sequence[Experiment], provenances: Sequence[Provenance], comparable: Sequence[str]
) -> list[str]:
    datasets = [one.dataset for one in provenances]
    warnings = _differ("Datasets", [one.name for one in datasets])
    if not warnings:
        warnings = _differ(f"Versions of {datasets[0].name}", [one.version for one in datasets])
    warnings += _differ("Seeds", [one.seed for one in experiments])
    scorers: list[Mapping[str, int]] = [one.scorers for one in provenances]
    # A score that only some have (of retrieval, say) is no difference in versions.
    for name in sorted(set.intersection(*(set(one) for one in scorers))):
        if name not in comparable:
            versions = ", ".join(str(one[name]) for one in scorers)
            warnings.append(f"Scorer versions of {name} differ: {versions}; not compared.")
    return warnings + _changed_files(provenances, comparable)


def _changed_files(provenances: Sequence[Provenance], comparable: Sequence[str]) -> list[str]:
    """Return sentences about scorers of the user's own that changed without another version."""
    files = {name: {one.own_scorers.get(name) for one in provenances} - {None} for name in comparable}
    return [
        f"The file of the scorer {name} has changed between these experiments, and its VERSION has not: "
        "their scores may not be of one kind. Score the older one again (`llmforge rescore`)."
        for name, hashes in files.items()
        if len(hashes) > 1
    ]


def _copies(experiments: Sequence[Experiment], runs: Sequence[RunArrays]) -> list[str]:
    """Return sentences about questions of equal content; one if all experiments have the same."""
    found = {experiment.name: one.copies() for experiment, one in zip(experiments, runs, strict=True)}
    distinct = {tuple(keys) for keys in found.values()}
    if len(distinct) == 1:
        found = {"the questions": list(distinct.pop())}
    return [
        f"{len(keys):,} of {name} have the content of another one ({', '.join(keys[:_NAMED])}"
        f"{', …' if len(keys) > _NAMED else ''}): paired in their order, as answers to one question."
        for name, keys in found.items()
        if keys
    ]


def _differ(what: str, values: Sequence[Hashable]) -> list[str]:
    return [f"{what} differ: {', '.join(map(str, values))}."] if len(set(values)) > 1 else []
