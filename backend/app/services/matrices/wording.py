"""Numbers of a matrix as sentences and tables write them."""

from typing import Protocol

from app.domain.rounding import fixed, significant


class _Rate(Protocol):
    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


class _Share(Protocol):
    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def number(value: float) -> str:
    """Return a number with three significant digits."""
    if value >= 100:
        return f"{float(fixed(value, 0)):,.0f}"
    return f"{significant(value):.3g}"


def rate_text(rate: _Rate) -> str:
    """Return a rate with its interval, if it has one: ``1.42 [1.3, 1.55]``."""
    if rate.low is None or rate.high is None:
        return number(rate.value)
    return f"{number(rate.value)} [{number(rate.low)}, {number(rate.high)}]"


def ratio_text(ratio: _Rate) -> str:
    """Return a ratio with its interval: ``1.42 × [1.3, 1.55]``."""
    first, _, bounds = rate_text(ratio).partition(" ")
    return f"{first} × {bounds}".rstrip()


def share_text(share: float | None) -> str:
    """Return a share in per cent."""
    return "–" if share is None else f"{fixed(100 * share)} %"


def score_text(score: _Share) -> str:
    """Return a score with its interval in per cent: ``54.0 % [44.2, 63.5]``."""
    return f"{share_text(score.value)} [{fixed(100 * score.low)}, {fixed(100 * score.high)}]"


def milliseconds(value: float | None) -> str:
    """Return a duration: milliseconds below a second, seconds above."""
    if value is None:
        return "–"
    return f"{fixed(value, 0)} ms" if value < 999.5 else f"{number(value / 1000)} s"


def dollars(value: float | None) -> str:
    """Return an amount in US dollars."""
    if value is None:
        return "unknown"
    return "$0" if value == 0 else f"${number(value)}"
