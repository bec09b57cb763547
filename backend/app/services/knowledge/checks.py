"""What may be wrong with a knowledge base that can be imported: said once, at the import."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from app.domain.passages import Article

_NAMED = 5  # groups of articles in one warning
_KEY_CHARS = 60


def warnings_of(articles: Sequence[Article]) -> list[str]:
    """Return sentences on articles that are there more than once: each takes a place among the passages."""
    alike: dict[str, list[str]] = defaultdict(list)
    keys: dict[str, list[str]] = defaultdict(list)
    for article in articles:
        alike[article.text].append(article.key)
        keys[article.key.strip().casefold()].append(article.key)
    found = [
        (alike, "The same text under several ids, of which each can be a passage"),
        (keys, "Ids that differ by case or blanks alone are kept apart"),
    ]
    return [f"{what}: {named}." for groups, what in found if (named := _named(groups.values()))]


def _named(groups: Iterable[Sequence[str]]) -> str:
    several = [group for group in groups if len(group) > 1]
    named = "; ".join(
        ", ".join(f"“{key[:_KEY_CHARS]}”" for key in group[:3]) + (", …" if len(group) > 3 else "")
        for group in several[:_NAMED]
    )
    return named + (f" and {len(several) - _NAMED:,} more" if len(several) > _NAMED else "")
