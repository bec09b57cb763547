"""What a limiter promises to those who send requests through it."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class RateLimited:
    """The latest HTTP 429 of a request.

    Attributes:
        newest: number of the newest request that had started by then; later ones are evidence.
        first_newest: ``newest`` of the request's first 429.
        at: when it came, in seconds of the limiter's clock.
        times: 429s of the request so far.
        alone: whether most other requests are accepted, so that the 429s are about this one.
    """

    newest: int
    first_newest: int
    at: float
    times: int
    alone: bool


class Slot(NamedTuple):
    """The right to send one request.

    Attributes:
        concurrency: requests in flight at its start, itself included.
        number: requests are numbered in the order of their starts.
        started_at: in seconds of the limiter's clock.
        retry: whether it was sent before.
        rate_limited: the 429 of its previous attempt, if that ended so.
        probe: whether it was sent to find out if the endpoint accepts requests again.
    """

    concurrency: int
    number: int
    started_at: float
    retry: bool
    rate_limited: RateLimited | None
    probe: bool


class Limiter(Protocol):
    """Decides when a request may start."""

    @property
    def rejecting_s(self) -> float:
        """Seconds since a 429 after which no request that started later has been accepted; else 0."""
        ...

    async def acquire(
        self, *, retry: bool = False, rate_limited: RateLimited | None = None, last_attempt: bool = False
    ) -> Slot:
        """Wait for a slot.

        Args:
            retry: whether the request was sent before; retries go ahead of first attempts.
            rate_limited: the 429 of its previous attempt, if that ended so.
            last_attempt: it is not sent again, and so waits for a good moment.
        """
        ...

    def release(self, slot: Slot, *, accepted: bool = False) -> None:
        """Give a slot back whose request ended without a 429.

        Args:
            slot: of the request.
            accepted: whether it was answered; a timeout or a broken connection tells nothing.
        """
        ...

    def rate_limited(self, slot: Slot, retry_after_s: float | None) -> RateLimited:
        """Give a slot back whose request ended with a 429.

        Args:
            slot: of the request.
            retry_after_s: what the endpoint asked for, in seconds, if it did.
        """
        ...
