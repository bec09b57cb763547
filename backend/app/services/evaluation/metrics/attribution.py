"""Where answers went right or wrong: in the retrieval, or in what the model made of it."""

from collections import Counter
from collections.abc import Mapping, Sequence

from app.domain.metrics import Attribution, RunFacts


def attribution(scores: Mapping[str, float | None]) -> str | None:
    """Return which field of ``Attribution`` counts a run with these scores; ``None`` if none does.

    An answer counts as right if it contains an accepted one, however it is worded.
    """
    in_context = scores.get("answer_in_context")
    right = [value for name in ("exact_match", "contains") if (value := scores.get(name)) is not None]
    if in_context is None or not right:
        return None
    if max(right) >= 1:
        return "supported" if in_context else "unsupported"
    return "misread" if in_context else "not_retrieved"


def count_attributions(answered: Sequence[RunFacts]) -> Attribution | None:
    """Count where answers went right or wrong; ``None`` if nothing was retrieved."""
    found = Counter(where for run in answered if (where := attribution(run.scores)) is not None)
    return Attribution(**found) if found else None
