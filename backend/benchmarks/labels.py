"""If accuracy that few labels correct keeps its promise, by simulation; ``benchmarks.statistics`` runs it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from app.services.evaluation.statistics.prediction_powered import Corrected, Floats, Of, corrected_mean
from benchmarks.rows import Row

ANSWERS = 1_000
LABELLED = (30, 100)


@dataclass(frozen=True, slots=True)
class Judge:
    """A share of right answers, and how often a judge sees right and wrong ones as they are."""

    right: float
    sensitivity: float
    specificity: float

    def __str__(self) -> str:
        seen = f"{self.sensitivity:.0%} of them and {self.specificity:.0%} of the others"
        return f"{self.right:.0%} right, judge sees {seen}"

    def answers(self, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Return what is true of ``ANSWERS`` answers, and what the judge says."""
        right = rng.random(ANSWERS) < self.right
        seen = np.where(right, rng.random(ANSWERS) < self.sensitivity, rng.random(ANSWERS) > self.specificity)
        return right.astype(np.float64), seen.astype(np.float64)

    @property
    def says(self) -> float:
        """What the judge's own mean tends to."""
        return self.right * self.sensitivity + (1 - self.right) * (1 - self.specificity)


JUDGES = (Judge(0.5, 0.8, 0.8), Judge(0.2, 0.9, 0.9), Judge(0.8, 0.95, 0.6), Judge(0.3, 0.5, 0.5))
_NAMES = [str(place) for place in range(ANSWERS)]


def corrections(rounds: int, seed: int) -> Iterator[Row]:
    """Simulate how often the corrected interval holds the true accuracy, and the true difference."""
    for judge in JUDGES:
        for labelled in LABELLED:
            rng = np.random.default_rng([seed, labelled])
            found = [_corrected(*judge.answers(rng), labelled) for _ in range(rounds)]
            yield _row(f"corrected accuracy, {judge}, {labelled} labels", found, judge.right, judge.says)
    first, second = Judge(0.5, 0.85, 0.8), Judge(0.6, 0.95, 0.6)
    for labelled in LABELLED:
        rng = np.random.default_rng([seed, labelled])
        found = []
        for _ in range(rounds):
            one, judged_one = first.answers(rng)
            other, judged_other = second.answers(rng)
            found.append(_corrected(other - one, judged_other - judged_one, labelled, "difference"))
        name = f"corrected difference, a judge that favours the second, {labelled} labels each"
        yield _row(name, found, second.right - first.right, second.says - first.says)


def _corrected(truth: Floats, judged: Floats, labelled: int, of: Of = "score") -> tuple[Corrected, Corrected]:
    labels = np.where(np.arange(ANSWERS) < labelled, truth, np.nan)
    with_judge = corrected_mean(labels, judged, _NAMES, of=of)
    without = corrected_mean(labels, judged, _NAMES, of=of, use_judge=False)
    assert with_judge is not None
    assert without is not None
    return with_judge, without


def _row(name: str, found: list[tuple[Corrected, Corrected]], truth: float, naive: float) -> Row:
    held = float(np.mean([one.low <= truth <= one.high for one, _ in found]))
    width, alone = (float(np.mean([pair[side].high - pair[side].low for pair in found])) for side in (0, 1))
    beside = (
        f"width {width:.3f}, of the labels alone {alone:.3f}; the judge alone is off by {naive - truth:+.3f}"
    )
    return Row(f"coverage, {name}", held, 0.93, 0.97, len(found), beside)
