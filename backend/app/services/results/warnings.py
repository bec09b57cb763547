"""What limits the metrics of a result, as sentences for users."""

from app.domain.json import JsonObject
from app.schemas.result import Counts, Metrics


def result_warnings(metrics: JsonObject) -> list[str]:
    """Return one sentence for each reason to read the metrics with care; none if there is no reason.

    Args:
        metrics: of a result, as stored.
    """
    read = Metrics.model_validate(metrics)
    counts, without_tokens = read.counts, read.tokens.runs_without_counts
    warnings = []
    if counts.missing:
        warnings.append(f"{counts.missing:,} of {_runs(counts.planned, 'planned run')} were not executed.")
    if counts.failed:
        warnings.append(
            f"{counts.failed:,} of {_runs(counts.stored, 'run')} failed ({_kinds(counts)}); "
            "scores are over the answered runs."
        )
    if counts.cached:
        warnings.append(
            f"{counts.cached:,} of {_runs(counts.ok, 'answer')} came from the cache; "
            "latency, throughput and cost are over the others."
        )
    if without_tokens:
        warnings.append(
            f"The server reported no token counts for {_runs(without_tokens, 'answered run')}; "
            "the sums of tokens leave them out."
        )
    return warnings


def _runs(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _kinds(counts: Counts) -> str:
    return ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in counts.failures.items())
