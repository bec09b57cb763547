"""What a report says of experiments whose questions were asked repeatedly."""

from collections.abc import Sequence

from app.core.markdown import plain, table
from app.domain.rounding import interval
from app.services.results.repeats import Repeats


def repeats_markdown(found: Sequence[tuple[str, Repeats]]) -> str:
    """Return the figures of repeats as a table.

    Args:
        found: the name of each experiment, and what its repeats say.
    """
    most = max((one.passes[-1].k for _, one in found if one.passes), default=0)
    head = ["experiment", "answers that flicker", "variance between questions"]
    head += [f"pass@{most}", f"pass^{most}"] if most else []
    rows = [[plain(name), *_cells(one, most)] for name, one in found]
    text = (
        "Each question was asked repeatedly. Answers flicker if they change between repeats, after "
        "normalisation. The variance that does not lie between questions is what asking again would change."
    )
    return "\n".join([text, "", *table(head, rows)])


def _cells(one: Repeats, most: int) -> list[str]:
    cells = [
        interval(one.answers) if one.answers else "–",
        interval(one.variance.between) if one.variance else "–",
    ]
    if most:
        last = one.passes[-1] if one.passes and one.passes[-1].k == most else None
        cells += [interval(last.any_right), interval(last.all_right)] if last else ["–", "–"]
    return cells
