"""All numbers of the limiter that could be tuned, with their units."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LimiterOptions:
    """How the limiter reacts to HTTP 429 responses.

    The defaults suit the rate limits that providers publish, which are mostly by the minute.

    Attributes:
        history: recent outcomes kept to tell a limit from random 429s, in requests.

        counted_attempts: attempts of a request whose 429s count; later ones tell nothing new about the
            endpoint.

        first_probe_delay_s: seconds from a 429 with nothing in flight to the first probe.
        longest_probe_delay_s: up to which each rejected probe doubles that delay, in seconds.
        rate_limit_after: consecutive 429s from which on a rate limit is assumed, in requests.
        stop_after: consecutive 429s from which on first attempts wait as well, in requests.
        rate_window_s: period that rate limits count requests in, in seconds: a last attempt does not
            probe earlier after a 429, and requests start at least this often.

        rejected_min_sample: first attempts of others that must have ended before a request can be
            found to be the only kind that is rejected, in requests.
        rejected_accepted_share: share of those that must have been accepted, from 0 to 1.
        rejected_delay_s: seconds between the attempts of such a request.
        retry_lookahead: waiting retries searched for one that may start, in requests.

        overload_surplus: by how many requests the 429s at some concurrency must exceed the accepted
            ones for the limit on requests in flight to come down.
        first_hold_s: seconds that a limit holds before a higher one is tried.
        longest_hold_s: up to which each failed trial doubles that time, in seconds.

        interval_horizon_s: seconds before a rate limit whose requests tell the rate; more than a
            window, so that the requests of a whole one are counted.
        shortest_interval_s: between starts, in seconds; one half as long is no interval at all.
        interval_shrink: factor of the interval with each accepted request, below 1.
        interval_widen: factor of the interval with each 429, above 1.
        last_attempt_intervals: intervals without a start before a request's last attempt.
    """

    history: int = 64
    counted_attempts: int = 2

    first_probe_delay_s: float = 0.25
    longest_probe_delay_s: float = 15.0
    rate_limit_after: int = 3
    stop_after: int = 5
    rate_window_s: float = 60.0

    rejected_min_sample: int = 16
    rejected_accepted_share: float = 0.9
    rejected_delay_s: float = 2.0
    retry_lookahead: int = 32

    overload_surplus: int = 4
    first_hold_s: float = 0.5
    longest_hold_s: float = 30.0

    interval_horizon_s: float = 75.0
    shortest_interval_s: float = 0.01
    interval_shrink: float = 0.97
    interval_widen: float = 1.15
    last_attempt_intervals: float = 4.0
