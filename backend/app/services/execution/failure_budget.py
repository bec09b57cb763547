"""How many runs of an experiment may fail before it is not worth going on."""

from app.domain.run import Tally

_EARLY_FAILURES = 20


def too_many_failures(tally: Tally, total: int, allowed_share: float) -> str | None:
    """Return why an experiment must end, if too many of its runs have failed.

    Args:
        tally: of its runs so far.
        total: runs planned.
        allowed_share: of them that may fail, from 0 to 1.
    """
    all_failed = tally.failed == tally.stored >= _EARLY_FAILURES and allowed_share < 1
    if tally.failed <= allowed_share * total and not all_failed:
        return None
    ranked = sorted(tally.failures.items(), key=lambda one: -one[1])
    kinds = ", ".join(f"{count} × {kind}" for kind, count in ranked)
    return (
        f"{tally.failed} of {tally.stored} runs failed ({kinds}), more than max_failed_share "
        f"({allowed_share:g} of {total}) allows."
    )
