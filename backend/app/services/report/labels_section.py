"""What people's labels say of the compared answers, beside what scores and judges say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.core.markdown import plain, table
from app.domain.rounding import interval, known_interval, known_points, known_value, percent, signed_points
from app.services.evaluation.statistics.prediction_powered import Corrected
from app.services.labels.summary import ExperimentLabels, LabelSummary
from app.services.report.content import Section
from app.services.report.figures.base import Figure, IntervalChart, IntervalRow, listed

_INTRODUCTION = (
    "People said of some answers, in random order, whether they are right. *Says* is the mean of a score "
    "over all answers, which its errors bias; *corrected by labels* is what people would say of all answers, "
    "by prediction-powered inference, with 95 % intervals."
)


@dataclass(frozen=True, slots=True)
class LabelsShown:
    """What a section about labels needs besides the labels.

    Attributes:
        names: of the experiments.
        score: that decides.
        setting: where the numbers come from, as a sentence; ends the caption.
    """

    names: Mapping[UUID, str]
    score: str
    setting: str


def labels_section(found: LabelSummary, shown: LabelsShown) -> list[Section]:
    """Return the section about people's labels; none if nobody has labelled an answer."""
    if not found.labellers:
        return []
    people = ", ".join(f"{plain(name)} ({count:,})" for name, count in found.labellers.items())
    parts = [
        [f"{_INTRODUCTION} Labels by {people}; Krippendorff's alpha of people: {known_value(found.people)}."],
        _accuracies(found, shown),
        _differences(found, shown),
        _agreements(found),
        _lacks(found, shown),
        [f"- {plain(note)}" for note in found.notes],
    ]
    text = "\n\n".join("\n".join(part) for part in parts if part)
    figure = _figure(found, shown)
    return [Section("People's labels", text, (figure,) if figure else ())]


def _accuracies(found: LabelSummary, shown: LabelsShown) -> list[str]:
    rows = []
    for one in found.experiments:
        head = [plain(shown.names[one.experiment_id]), f"{one.sampled:,} of {one.answered:,}"]
        head.append(known_interval(one.labels_alone))
        for place, score in enumerate(one.scores):
            cells = [plain(score.score), percent(score.naive), known_interval(score.corrected)]
            rows.append([*(head if place == 0 else [""] * len(head)), *cells])
    return table(["experiment", "labelled", "by labels alone", "score", "says", "corrected by labels"], rows)


def _differences(found: LabelSummary, shown: LabelsShown) -> list[str]:
    rows = []
    for one in found.differences:
        if one.labels_alone is None:
            continue
        head = [plain(shown.names[one.experiment_id]), f"{one.questions:,}", known_points(one.labels_alone)]
        for place, score in enumerate(one.scores):
            says = "–" if score.naive is None else signed_points(score.naive)
            cells = [plain(score.score), says, known_points(score.corrected)]
            rows.append([*(head if place == 0 else [""] * len(head)), *cells])
    head = ["difference from the baseline", "questions", "by labels alone", "score", "says"]
    return table([*head, "corrected by labels"], rows) if rows else []


def _agreements(found: LabelSummary) -> list[str]:
    rows = []
    for one in found.agreements:
        total = one.both + one.only_score + one.only_people + one.neither
        if total:
            same = f"{one.both + one.neither:,} of {total:,}"
            cells = [same, f"{one.only_score:,}", f"{one.only_people:,}", known_value(one.alpha)]
            rows.append([plain(one.score), *cells])
    head = ["score", "agrees with people", "too lenient", "too strict", "Krippendorff's alpha"]
    return table(head, rows) if rows else []


def _lacks(found: LabelSummary, shown: LabelsShown) -> list[str]:
    """Return how many labels name what the answer lacks, by experiment, the commonest first."""
    named = list(dict.fromkeys(name for one in found.experiments for name in one.failures))
    totals = {name: sum(one.failures.get(name, 0) for one in found.experiments) for name in named}
    rows = [
        [plain(name), *(f"{one.failures.get(name, 0):,}" for one in found.experiments)]
        for name in sorted(named, key=lambda name: -totals[name])
    ]
    head = [
        "what answers lack, by labels",
        *(plain(shown.names[one.experiment_id]) for one in found.experiments),
    ]
    return table(head, rows) if rows else []


def _figure(found: LabelSummary, shown: LabelsShown) -> Figure | None:
    """Return what labels and the score say side by side; ``None`` if nothing can be estimated."""
    rows = tuple(row for one in found.experiments for row in _rows(one, shown))
    if not any(row.low is not None for row in rows):
        return None
    words = shown.score.replace("_", " ")
    return Figure(
        name=f"labels-{shown.score}",
        title=f"Accuracy by people's labels, and by {words}",
        caption=(
            f"Right answers by the labels of the random sample alone, by the mean of {words} over all "
            "answers (which its errors bias), and by that mean corrected by the labels; 95 % intervals. "
            f"{shown.setting}"
        ),
        alt=f"Accuracy by labels: {listed(rows)}",
        chart=IntervalChart("right answers (%)", rows),
    )


def _rows(one: ExperimentLabels, shown: LabelsShown) -> Sequence[IntervalRow]:
    score = next((each for each in one.scores if each.score == shown.score), None)
    if one.labels_alone is None or score is None or score.naive is None:
        return ()
    name, words = shown.names[one.experiment_id], shown.score.replace("_", " ")
    rows = [_row(f"{name}: labels alone", one.labels_alone)]
    rows.append(IntervalRow(f"{name}: {words}", 100 * score.naive, None, None, percent(score.naive)))
    if score.corrected is not None:
        rows.append(_row(f"{name}: corrected", score.corrected))
    return rows


def _row(label: str, one: Corrected) -> IntervalRow:
    return IntervalRow(label, 100 * one.value, 100 * one.low, 100 * one.high, interval(one))
