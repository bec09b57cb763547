"""The figure of faithfulness, with the error of the judge beside it."""

from collections.abc import Sequence

from app.domain.metrics import Estimate
from app.domain.rounding import WithInterval, interval
from app.schemas.comparison import ComparisonOut
from app.services.evaluation.judges.measured import MeasuredJudge
from app.services.report.figures.base import Chart, Figure, IntervalChart, IntervalRow, Panels, listed
from app.services.report.judges import UsedJudge


def faithfulness(comparison: ComparisonOut, setting: str, judges: Sequence[UsedJudge]) -> Figure | None:
    """Return faithfulness and hallucination rate above the error of the judges; ``None`` if none judged.

    Args:
        comparison: with the metrics.
        setting: where the numbers come from, as a sentence.
        judges: that said so, each once.
    """
    rows = tuple(
        _row(f"{one.label}, {words}", found, found.n)
        for one in comparison.experiments
        for words, found in (
            ("faithful", one.metrics.scores.get("faithfulness")),
            ("hallucinated", one.metrics.hallucination_rate),
        )
        if found is not None
    )
    if not rows:
        return None
    claimed = IntervalChart("as the judge says: share of the judged answers (%)", rows)
    errors = tuple(row for one in judges if one.measured for row in _errors(one.measured))
    chart: Chart = claimed
    if errors:
        labelled = IntervalChart("the judge itself: share of labelled answers (%)", errors)
        chart = Panels((claimed, labelled))
    return Figure(
        name="faithfulness",
        title="Faithfulness and hallucination rate",
        caption=(
            "Mean faithfulness of the judged answers, and the share of them with a faithfulness below 0.5, "
            "with 95 % intervals; as the judge says, whose own errors are not in these intervals. "
            f"{' '.join(one.sentence for one in judges)} {setting}"
        ),
        alt=f"Faithfulness and hallucination rate: {listed((*rows, *errors))}",
        chart=chart,
    )


def _errors(one: MeasuredJudge) -> list[IntervalRow]:
    judge, overlap = one.found.judge, one.found.overlap
    named: tuple[tuple[str, Estimate | None], ...] = (
        (f"{one.model}, right", judge.accuracy),
        ("word overlap, right", overlap.accuracy),
        (f"{one.model}, unfaithful found", judge.sensitivity),
        (f"{one.model}, faithful found", judge.specificity),
    )
    return [_row(label, found, found.n) for label, found in named if found is not None]


def _row(label: str, found: WithInterval, n: int) -> IntervalRow:
    share = (100 * found.value, 100 * found.low, 100 * found.high)
    return IntervalRow(label, *share, f"{interval(found)}, n = {n:,}")
