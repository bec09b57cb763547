"""What the figures of a comparison show, from what the comparison says: no number is computed here."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.domain.metrics import Estimate
from app.domain.rounding import fixed, format_p, interval, interval_in_points, milliseconds, signed_points
from app.schemas.comparison import Compared, ComparisonOut, ScoreDifference
from app.schemas.comparison_wording import differences_of, tokens_per_answer
from app.schemas.result import Attribution
from app.services.report.figures.base import (
    BarChart,
    Emphasis,
    Figure,
    IntervalChart,
    IntervalRow,
    Point,
    ScatterChart,
    listed,
)
from app.services.report.figures.faithfulness import faithfulness
from app.services.report.judges import UsedJudge

_EMPHASIS: dict[str, Emphasis] = {"better": "better", "worse": "worse", "not_distinguishable": "none"}
_MOST_PARTS = 6
"""Of a bar: as many as there are colours."""
_SMALLEST_SHARE = 0.01
"""Of the time, that is seen in a bar."""
_FEWEST_POINTS = 2
_NAMED = 2
"""Models that a caption names, at most."""


def figures_of(
    comparison: ComparisonOut,
    score: str,
    setting: str,
    medians: Mapping[UUID, Estimate],
    judges: Sequence[UsedJudge] = (),
) -> list[Figure]:
    """Return the figures for which a comparison has the data.

    Args:
        comparison: with its verdicts.
        score: that decides.
        setting: where the numbers come from, as a sentence; ends every caption.
        medians: of the latency of each experiment in milliseconds, where enough answers were timed.
        judges: of the experiments' faithfulness.
    """
    found = (
        forest(comparison, score, setting),
        latency(comparison, score, setting, medians),
        cost(comparison, score, setting),
        faithfulness(comparison, setting, judges),
        stages(comparison, setting),
        attribution(comparison, setting),
        tool_uses(comparison, setting),
    )
    return [one for one in found if one]


def forest(comparison: ComparisonOut, score: str, setting: str) -> Figure | None:
    """Return the forest plot of the paired differences; ``None`` if there is none."""
    names = {one.experiment_id: one.label for one in comparison.experiments}
    baseline = names[comparison.baseline_id]
    differences = differences_of(comparison, score)
    rows = [row for one in differences if (row := _row(one, names[one.experiment_id]))]
    if not rows:
        return None
    words = score.replace("_", " ")
    margin = next((one.equivalence.margin for one in differences if one.equivalence), None)
    band = "" if margin is None else f" Grey: differences within the margin of {fixed(100 * margin)} points."
    return Figure(
        name=f"forest-{score}",
        title=f"Difference in {words} from {baseline}",
        caption=(
            f"Paired differences in {words} from the baseline {baseline}, with 95 % intervals"
            f"{', simultaneous over all rows' if len(rows) > 1 else ''}; p by Holm. "
            f"Circle: better; square: worse; diamond: not distinguishable.{band} {setting}"
        ),
        alt=f"Forest plot of differences from {baseline}: {listed(rows)}",
        chart=IntervalChart(
            axis=f"difference in {words} (percentage points)",
            rows=tuple(rows),
            reference=0.0,
            margin=None if margin is None else 100 * margin,
        ),
    )


def _row(one: ScoreDifference, label: str) -> IntervalRow | None:
    found = one.statistics
    if found is None or one.difference is None:
        return None
    low, high = found.simultaneous_low, found.simultaneous_high
    value = signed_points(one.difference)
    return IntervalRow(
        label=label,
        value=100 * one.difference,
        low=100 * low,
        high=100 * high,
        text=f"{value} {interval_in_points(low, high)}, {format_p(found.adjusted_p)}, n = {one.n_paired:,}",
        emphasis=_EMPHASIS[found.outcome],
    )


def latency(
    comparison: ComparisonOut, score: str, setting: str, medians: Mapping[UUID, Estimate]
) -> Figure | None:
    """Return accuracy against latency; ``None`` if fewer than two experiments have both."""
    points, texts = [], []
    for one in comparison.experiments:
        found, median = one.metrics.scores.get(score), medians.get(one.experiment_id)
        if found is None or median is None:
            continue
        across = (median.low / 1000, median.high / 1000)
        points.append(_point(one, score, median.value / 1000, across))
        texts.append(f"{one.label} {interval(found)} at {milliseconds(median.value)}")
    if len(points) < _FEWEST_POINTS:
        return None
    words = score.replace("_", " ")
    return Figure(
        name=f"latency-{score}",
        title=f"{words.capitalize()} against latency",
        caption=(
            f"{words.capitalize()} against the median latency of answers that are not from a cache; crosses "
            f"are 95 % intervals (of the median by ranks). Up and left is better. {setting}"
        ),
        alt=f"{words.capitalize()} against latency: {'; '.join(texts)}",
        chart=ScatterChart("median latency (seconds)", f"{words} (%)", tuple(points)),
    )


def cost(comparison: ComparisonOut, score: str, setting: str) -> Figure | None:
    """Return accuracy against cost with its Pareto front: dollars where all are known, else tokens."""
    scored = [one for one in comparison.experiments if score in one.metrics.scores]
    dollars = [one.metrics.cost_usd.per_1000_runs for one in scored]
    priced = all(dollars)
    costs = dollars if priced else [tokens_per_answer(one.metrics) for one in scored]
    known = [(one, float(x)) for one, x in zip(scored, costs, strict=True) if x is not None]
    if len(known) < _FEWEST_POINTS:
        return None
    accuracy = {one.experiment_id: one.metrics.scores[score].value for one, _ in known}
    points = tuple(
        _point(one, score, x, None, front=_undominated(accuracy[one.experiment_id], x, known, accuracy))
        for one, x in known
    )
    words, unit = score.replace("_", " "), "US dollars for 1,000 answers" if priced else "tokens an answer"
    front = ", ".join(one.label for one in points if one.front)
    return Figure(
        name=f"cost-{score}",
        title=f"{words.capitalize()} against cost",
        caption=(
            f"{words.capitalize()} with 95 % intervals against {unit}. Dashed: the Pareto front of these "
            f"estimates, which no other experiment beats in both: {front}. {setting}"
        ),
        alt=f"{words.capitalize()} against {unit}; on the Pareto front: {front}",
        chart=ScatterChart(f"cost ({unit})", f"{words} (%)", points, front=True),
    )


def _undominated(
    accuracy: float, x: float, known: Sequence[tuple[Compared, float]], scores: Mapping[UUID, float]
) -> bool:
    """Return whether no other experiment is at least as good in both, and better in one."""
    others = [(scores[one.experiment_id], cost) for one, cost in known]
    return not any(y >= accuracy and cost <= x and (y, cost) != (accuracy, x) for y, cost in others)


def _point(
    one: Compared, score: str, x: float, across: tuple[float, float] | None, *, front: bool = False
) -> Point:
    found = one.metrics.scores[score]
    upward = (100 * found.low, 100 * found.high)
    return Point(one.label, x, across, 100 * found.value, upward, front)


def stages(comparison: ComparisonOut, setting: str) -> Figure | None:
    """Return where the time of a question goes; ``None`` if no stages were measured."""
    measured = [(one.label, one.metrics.stages) for one in comparison.experiments if one.metrics.stages]
    if not measured:
        return None
    totals: dict[str, float] = {}
    for _, profile in measured:
        for stage in profile.stages:
            totals[stage.label] = totals.get(stage.label, 0.0) + stage.mean_ms
    least = _SMALLEST_SHARE * sum(totals.values())
    longest = sorted(totals, key=lambda label: -totals[label])[: _MOST_PARTS - 1]
    largest = {label for label in longest if totals[label] >= least}
    parts = [label for label in totals if label in largest]
    rows, texts = [], []
    for label, profile in measured:
        means = {stage.label: stage.mean_ms for stage in profile.stages}
        rest = sum(value for name, value in means.items() if name not in largest)
        rows.append((label, (*(means.get(part, 0.0) for part in parts), rest)))
        texts.append(f"{milliseconds(sum(means.values()))}, n = {profile.runs:,}")
    named = tuple(part.lower() for part in parts)
    return Figure(
        name="stages",
        title="Where the time of a question goes",
        caption=(
            "Mean time of the stages of a question, waits included; answers from a cache are left out. "
            f"{setting}"
        ),
        alt="Mean time of a question: "
        + "; ".join(f"{row[0]} {t}" for row, t in zip(rows, texts, strict=True)),
        chart=BarChart("mean time of a question (ms)", (*named, "other stages"), tuple(rows), tuple(texts)),
    )


def attribution(comparison: ComparisonOut, setting: str) -> Figure | None:
    """Return where answers went right or wrong; ``None`` if nothing was retrieved."""
    parts = tuple(Attribution.model_fields)
    rows = [
        (one.label, tuple(float(getattr(one.metrics.attribution, part)) for part in parts))
        for one in comparison.experiments
        if one.metrics.attribution
    ]
    return _counts(
        "attribution",
        "Where answers go right or wrong",
        "Answers by where they went right (supported by a passage, or not) or wrong (misread, or not "
        f"retrieved). {setting}",
        ("answers", parts, rows),
    )


def tool_uses(comparison: ComparisonOut, setting: str) -> Figure | None:
    """Return what came of the uses of each tool; ``None`` without agents that used one."""
    rows = [
        (f"{one.label}, {tool}", (float(uses.successful), float(uses.unneeded), float(uses.failed)))
        for one in comparison.experiments
        for tool, uses in (one.metrics.agent.tools if one.metrics.agent else {}).items()
    ]
    return _counts(
        "tools",
        "What came of the uses of tools",
        "Uses of tools: useful (the answer or a later step took up the result), unneeded (neither did), "
        f"failed (no result). {setting}",
        ("uses", ("useful", "unneeded", "failed"), rows),
    )


def _counts(
    name: str,
    title: str,
    caption: str,
    counted: tuple[str, tuple[str, ...], Sequence[tuple[str, tuple[float, ...]]]],
) -> Figure | None:
    unit, parts, rows = counted
    if not rows:
        return None
    texts = tuple(f"n = {sum(row[1]):,.0f}" for row in rows)
    lines = [
        f"{label}: " + ", ".join(f"{value:.0f} {part}" for part, value in zip(parts, values, strict=True))
        for label, values in rows
    ]
    named = tuple(part.replace("_", " ") for part in parts)
    return Figure(
        name,
        title,
        caption,
        f"{title}: {'; '.join(lines)}",
        BarChart(f"{unit} (count)", named, tuple(rows), texts),
    )


def setting_of(comparison: ComparisonOut) -> str:
    """Return where the numbers come from, as a sentence below figures."""
    models = sorted({one.model for one in comparison.experiments})
    first = comparison.experiments[0]
    pairs = max((one.n_paired for one in comparison.differences), default=0)
    named = ", ".join(models) if len(models) <= _NAMED else f"{len(models)} models"
    return f"{named} on {first.dataset}, n = {pairs:,}, seed {first.seed}."
