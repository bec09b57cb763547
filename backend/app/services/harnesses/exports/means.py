"""Means of scores with their standard errors, of runs that are seen one question at a time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Mean:
    """The mean of one score; repeats of a question are not independent, so errors are over questions.

    Attributes:
        questions: with at least one value.
        values: in all.
    """

    questions: int = 0
    values: int = 0
    _sum: float = 0.0
    _means: float = 0.0
    _squared_means: float = 0.0
    _squared_sums: float = 0.0
    _sums_by_count: float = 0.0
    _squared_counts: float = 0.0

    def add(self, values: Sequence[float]) -> None:
        """Count the values of one question's runs; there may be none."""
        count = len(values)
        if not count:
            return
        total = math.fsum(values)
        self.questions += 1
        self.values += count
        self._sum += total
        self._means += total / count
        self._squared_means += (total / count) ** 2
        self._squared_sums += total**2
        self._sums_by_count += total * count
        self._squared_counts += count**2

    @property
    def value(self) -> float | None:
        """The mean of all values; ``None`` without any."""
        return self._sum / self.values if self.values else None

    @property
    def error(self) -> float | None:
        """The standard error of ``value``, with questions as clusters; ``None`` for fewer than two."""
        if self.questions < 2 or self.value is None:
            return None
        mean = self.value
        squares = self._squared_sums - 2 * mean * self._sums_by_count + mean**2 * self._squared_counts
        corrected = max(0.0, squares) * self.questions / (self.questions - 1)
        return math.sqrt(corrected) / self.values

    @property
    def of_questions(self) -> float | None:
        """The mean of the questions' own means; ``None`` without any."""
        return self._means / self.questions if self.questions else None

    @property
    def error_of_questions(self) -> float | None:
        """The standard error of ``of_questions``; ``None`` for fewer than two."""
        if self.questions < 2:
            return None
        squares = self._squared_means - self._means**2 / self.questions
        return math.sqrt(max(0.0, squares) / (self.questions - 1) / self.questions)
