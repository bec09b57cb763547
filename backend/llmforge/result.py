"""What came out of an experiment."""

from app.core.visible import visible
from app.domain.rounding import interval
from app.schemas.result import ResultOut
from llmforge import markup


class Result(ResultOut):
    """The API's result, which is shown by its scores with their intervals.

    All of its fields are there: ``result.metrics.scores["exact_match"].value``,
    ``result.metrics.latency_ms.p50``, ``result.provenance``.
    """

    def __repr__(self) -> str:
        lines = [f"{self.name}: {self._status()}"]
        lines += [f"  {name:<24} {value}  ({n})" for name, value, n in self._rows()]
        return visible("\n".join([*lines, *(f"  warning: {line}" for line in self.metrics.warnings)]))

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return markup.block(
            markup.title(self.name, self._status()),
            markup.table(["score", "mean, 95 % interval", "answers"], self._rows()),
            markup.sentences(self.metrics.warnings, "Warning:"),
        )

    def _status(self) -> str:
        counts = self.metrics.counts
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.status}{reason}, {counts.ok:,} answered, {counts.failed:,} failed"

    def _rows(self) -> list[tuple[str, str, str]]:
        return [
            (name.replace("_", " "), interval(score), f"n = {score.n:,}, {score.method}")
            for name, score in self.metrics.scores.items()
        ]
