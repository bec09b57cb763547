"""One promise that a simulation measures, and whether it is kept."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One share that was measured, and the bounds that it should keep."""

    case: str
    measured: float
    low: float
    high: float
    rounds: int
    note: str = ""

    @property
    def error(self) -> float:
        """Two standard errors of the simulation itself."""
        share = min(max(self.measured, 0.01), 0.99)
        return float(2 * (share * (1 - share) / self.rounds) ** 0.5)

    @property
    def kept(self) -> bool:
        """Whether the share is within its bounds, give or take the simulation's error."""
        return self.low - self.error <= self.measured <= self.high + self.error
