"""Experiments against a baseline."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload

from app.core.visible import visible
from app.schemas.comparison import ComparisonOut, ScoreDifference
from app.schemas.comparison_wording import (
    about_scores,
    cells,
    columns,
    differences_of,
    verdicts_of,
    warnings_of,
)
from llmforge import frames, markup
from llmforge.errors import LabError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


@dataclass(frozen=True, repr=False)
class Comparison:
    """A comparison by one score; the others are in ``out`` and in the frame.

    Attributes:
        out: all that the API says.
        score: that the verdict and the table are about.
    """

    out: ComparisonOut
    score: str

    def by(self, score: str) -> "Comparison":
        """Return the same comparison by another score.

        Raises:
            LabError: if the experiments do not share it.
        """
        if not differences_of(self.out, score):
            shared = sorted({one.score for one in self.out.differences})
            raise LabError(
                f"The experiments do not share a score {score!r}.",
                hint=f"They share: {', '.join(shared) or 'none'}.",
            )
        return Comparison(self.out, score)

    @property
    def differences(self) -> list[ScoreDifference]:
        """The difference of each experiment from the baseline, by this score."""
        return differences_of(self.out, self.score)

    @property
    def warnings(self) -> list[str]:
        """What makes the experiments less comparable, as sentences."""
        return warnings_of(self.out)

    @property
    def verdict(self) -> list[str]:
        """What came out, as sentences: which one is better or not, by how much, and what qualifies that."""
        return [*verdicts_of(self.out, self.score), *about_scores(self.out, 'family="page"')]

    @overload
    def frame(self, library: Literal["pandas"] = "pandas") -> "pd.DataFrame": ...
    @overload
    def frame(self, library: Literal["polars"]) -> "pl.DataFrame": ...
    def frame(self, library: frames.Library = "pandas") -> Any:
        """Return the differences of all scores, one a row; shares are fractions.

        ``low`` and ``high`` are those of the simultaneous interval, which agrees with the outcome.

        Raises:
            LabError: if the library is not installed.
        """
        labels = {one.experiment_id: one.label for one in self.out.experiments}
        return frames.of_rows([_row(labels[one.experiment_id], one) for one in self.out.differences], library)

    def __repr__(self) -> str:
        head, rows = self._table()
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in (head, *rows)]
        lines += [f"warning: {line}" for line in self.warnings]
        return "\n".join(map(visible, [*lines, *self.verdict]))

    def _repr_html_(self) -> str:
        return markup.block(
            markup.table(*self._table()),
            markup.sentences(self.warnings, "Warning:"),
            markup.sentences(self.verdict),
        )

    def _table(self) -> tuple[list[str], list[list[str]]]:
        differences = {one.experiment_id: one for one in self.differences}
        rows = [
            [one.label, *cells(one, differences.get(one.experiment_id), self.score)]
            for one in self.out.experiments
        ]
        return ["experiment", *columns(self.score)], rows


def _row(label: str, one: ScoreDifference) -> dict[str, object]:
    statistics, equivalence = one.statistics, one.equivalence
    return {
        "experiment": label,
        "score": one.score,
        "pairs": one.n_paired,
        "baseline_mean": one.baseline,
        "mean": one.this,
        "difference": one.difference,
        "low": statistics.simultaneous_low if statistics else None,
        "high": statistics.simultaneous_high if statistics else None,
        "p": statistics.p if statistics else None,
        "adjusted_p": statistics.adjusted_p if statistics else None,
        "outcome": statistics.outcome if statistics else None,
        "equivalence": equivalence.verdict if equivalence else None,
        "experiment_id": str(one.experiment_id),
    }
