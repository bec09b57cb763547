"""A comparison in words: the cells of its table, its verdicts, and what is said beside them."""

from app.domain.generation import total_of
from app.domain.rounding import (
    dollars,
    fixed,
    format_p,
    interval,
    interval_in_points,
    milliseconds,
    number,
    percent,
)
from app.schemas.comparison import Compared, ComparisonOut, EquivalenceOut, ScoreDifference
from app.schemas.result import Metrics

LATENCY = "latency p50"


def differences_of(comparison: ComparisonOut, metric: str) -> list[ScoreDifference]:
    """Return the differences of one score."""
    return [one for one in comparison.differences if one.score == metric]


def verdicts_of(comparison: ComparisonOut, metric: str) -> list[str]:
    """Return the verdicts as sentences, and after them what qualifies them."""
    differences = differences_of(comparison, metric)
    lines = [ordinary_verdict(comparison, one) for one in differences]
    lines += [one.missing.message for one in differences if one.missing]
    lines += [line for one in differences for line in said_beside(comparison, one)]
    return [*about_settling(comparison), *lines, *about_families(comparison)]


def ordinary_verdict(comparison: ComparisonOut, one: ScoreDifference) -> str:
    """Return what the ordinary test says; where another one decided, that this is for the record."""
    verdict = one.statistics.verdict if one.statistics else one.message
    settling = comparison.settling
    decided = settling is not None and settling.score == one.score
    return f"For the record, the ordinary test: {verdict}" if decided else verdict


def about_settling(comparison: ComparisonOut) -> list[str]:
    """Return what decided a comparison that ends when it is settled, which runs were not made, and notes."""
    found = comparison.settling
    if found is None:
        return []
    saved = f", or {dollars(found.saved_usd)}" if found.saved_usd else ""
    lines = [one.message for one in found.sides]
    if found.saved_runs:
        lines.append(f"Saved {found.saved_runs:,} runs of those that were planned{saved}.")
    return [*lines, *found.unfinished, *found.notes]


def said_beside(comparison: ComparisonOut, one: ScoreDifference) -> list[str]:
    """Return what is said beside a verdict: equivalence, how many answers are the same, other means."""
    same = [each.message for each in comparison.same_answers if each.experiment_id == one.experiment_id]
    lines = [equivalence_line(one.equivalence)] if one.equivalence else []
    return [*lines, *same, *_of_pairs(comparison, one)]


def equivalence_line(found: EquivalenceOut) -> str:
    """Return whether a difference is within the margin, and by which interval."""
    sentence = f"{found.sentence[0].upper()}{found.sentence[1:]}"
    interval = f"{percent(found.level)} interval {interval_in_points(found.low, found.high)}"
    more = "" if found.needed is None else f"; about {found.needed:,} questions would show it if none differs"
    return f"{sentence}: {interval}{more}."


def _of_pairs(comparison: ComparisonOut, one: ScoreDifference) -> list[str]:
    """Return the means that the difference is of, where those of all answers are others."""
    first, *_ = comparison.experiments
    this = next(each for each in comparison.experiments if each.experiment_id == one.experiment_id)
    scores = [each.metrics.scores.get(one.score) for each in (first, this)]
    if one.this is None or one.baseline is None or all(s and s.n == one.n_paired for s in scores):
        return []
    means = f"{first.label} {percent(one.baseline)}, {this.label} {percent(one.this)}"
    return [f"On the {one.n_paired:,} pairs alone: {means}."]


def about_families(comparison: ComparisonOut) -> list[str]:
    """Return what p and intervals of scores allow for, where there are several comparisons."""
    sizes = [one.statistics.family for one in comparison.differences if one.statistics]
    scores = {one.score for one in comparison.differences if one.statistics}
    most = max(sizes, default=1)
    if comparison.family == "page" and most > 1:
        of_all = f"all {most} comparisons of {len(scores)} scores"
        return [f"p is adjusted by Holm for {of_all}, and their intervals are simultaneous"]
    if most == 1:
        return []
    return ["p is adjusted by Holm for all comparisons of a score, and their intervals are simultaneous"]


def about_scores(comparison: ComparisonOut, option: str = "--family page") -> list[str]:
    """Return that several scores are not one family, where they are not.

    Args:
        comparison: of one score or several.
        option: what makes them one, as the reader has to write it.
    """
    scores = {one.score for one in comparison.differences if one.statistics}
    if comparison.family == "page" or len(scores) < 2:
        return []
    return [f"each of the {len(scores)} scores is a family of its own; with {option}, p allows for all"]


def warnings_of(comparison: ComparisonOut) -> list[str]:
    """Return what makes experiments less comparable, with the questions that are not paired."""
    return [*comparison.warnings, *(one.message for one in comparison.unpaired if one.message)]


def columns(metric: str) -> tuple[str, ...]:
    """Return the heads of the cells of an experiment."""
    return (metric.replace("_", " "), "difference", "p (Holm)", LATENCY, "tokens a run")


def cells(experiment: Compared, difference: ScoreDifference | None, metric: str) -> list[str]:
    """Return what a table says of an experiment: its score, its difference, p, latency and tokens."""
    metrics = experiment.metrics
    score = metrics.scores.get(metric)
    change, p = "baseline" if difference is None else "–", ""
    if difference and difference.statistics and difference.difference is not None:
        statistics = difference.statistics
        change = (
            f"{fixed(100 * difference.difference, sign=True)} "
            f"{interval_in_points(statistics.simultaneous_low, statistics.simultaneous_high)}, "
            f"n = {difference.n_paired:,}"
        )
        p = format_p(statistics.adjusted_p).removeprefix("p ").removeprefix("= ")
    return [
        interval(score) if score else percent(None),
        change.replace("-", "−"),
        p,
        milliseconds(metrics.latency_ms.p50),
        number(tokens_per_answer(metrics)),
    ]


def tokens_per_answer(metrics: Metrics) -> float | None:
    """Return the mean of tokens of an answered run; ``None`` if unknown."""
    if metrics.tokens_per_answer is not None:
        return metrics.tokens_per_answer
    # Results from before this was stored have the tokens of answered runs alone.
    counted = total_of([metrics.tokens.prompt, metrics.tokens.completion])
    return counted / metrics.counts.ok if counted is not None and metrics.counts.ok else None
