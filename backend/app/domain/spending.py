"""What calls of models have taken, and what they may take: calls, tokens and money."""

import uuid
from dataclasses import dataclass, field
from typing import Literal

BudgetKind = Literal["experiment", "comparison", "day"]
"""Whose calls a budget counts: of one experiment with those that it continues, of the experiments of a
comparison, or of all experiments on a day (UTC)."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What calls have taken that were made, not answered from a cache.

    Attributes:
        calls: made, failed ones included.
        tokens: of prompts and answers together, as far as servers report them.
        usd: US dollars, as far as prices and tokens are known.
    """

    calls: int = 0
    tokens: int = 0
    usd: float = 0.0

    def __add__(self, other: "Spending") -> "Spending":
        """Return both together."""
        return Spending(self.calls + other.calls, self.tokens + other.tokens, self.usd + other.usd)


@dataclass(frozen=True, slots=True)
class Limits:
    """What calls may take, at most; ``None``: no limit."""

    usd: float | None = None
    calls: int | None = None
    tokens: int | None = None

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return self.usd is not None or self.calls is not None or self.tokens is not None

    @property
    def needs_tokens(self) -> bool:
        """Whether answers must come with their counts of tokens for the limits to be held."""
        return self.usd is not None or self.tokens is not None


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A budget, and what its calls have taken so far.

    Attributes:
        id: of its row.
        kind: whose calls it counts.
        name: of the comparison, or the day as ``2026-11-28``; empty for that of an experiment.
    """

    id: uuid.UUID
    kind: BudgetKind
    limits: Limits
    spent: Spending = field(default_factory=Spending)
    name: str = ""

    @property
    def reason(self) -> str | None:
        """How it is used up, as a sentence; ``None`` if it is not."""
        limits, spent = self.limits, self.spent
        if limits.calls is not None and spent.calls >= limits.calls:
            return f"{self._subject(f'{limits.calls:,} calls')} is spent ({spent.calls:,})."
        if limits.tokens is not None and spent.tokens >= limits.tokens:
            return f"{self._subject(f'{limits.tokens:,} tokens')} is spent ({spent.tokens:,})."
        if limits.usd is not None and spent.usd >= limits.usd:
            return f"{self._subject(f'${limits.usd:,.6g}')} is spent (${spent.usd:,.6g})."
        return None

    @property
    def advice(self) -> str:
        """How to go on once it is used up, as the end of a sentence that begins with "resume"."""
        if self.kind == "day":
            return "resume it tomorrow (UTC), or with a larger LLMFORGE_DAILY_BUDGET, for the rest."
        if self.kind == "comparison":
            return "resume the comparison with a larger budget for the rest."
        return "resume it with a larger budget for the rest."

    def _subject(self, limit: str) -> str:
        if self.kind == "day":
            return f"The platform's budget of {limit} for {self.name} (UTC)"
        of = "comparison's " if self.kind == "comparison" else ""
        return f"The {of}budget of {limit}"
