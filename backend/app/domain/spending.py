"""What calls of models have taken: how many they were, tokens and money."""

from dataclasses import dataclass


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
