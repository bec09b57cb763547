"""Shortening texts to a number of characters: the longest lines lose their ends first."""

TRUNCATION_MARK = " […]"


def truncate_lines(text: str, limit: int) -> str:
    """Return ``text`` in at most about ``limit`` characters; every line keeps its beginning.

    Each line gets an equal share of the characters, and what short lines leave over goes to the long
    ones. Lines are cut between words where they have several.
    """
    if len(text) <= limit:
        return text
    lines = text.splitlines()
    longest = _line_limit(sorted(len(line) for line in lines), max(0, limit - len(lines) + 1))
    shown = "\n".join(line if len(line) <= longest else truncate(line, longest) for line in lines)
    return shown[: max(limit, len(TRUNCATION_MARK))]


def truncated_characters(text: str, shown: str) -> int:
    """Return how many characters of ``text`` are missing in what ``truncate_lines`` made of it."""
    marks = max(0, shown.count(TRUNCATION_MARK) - text.count(TRUNCATION_MARK)) * len(TRUNCATION_MARK)
    return max(0, len(text) - (len(shown) - marks))


def truncate(line: str, limit: int) -> str:
    """Return a line in at most ``limit`` characters, the truncation mark included."""
    if len(line) <= limit:
        return line
    kept = line[: max(0, limit - len(TRUNCATION_MARK))]
    within_word = not kept[-1:].isspace() and not line[len(kept)].isspace()
    whole_words = kept.rsplit(None, 1)[0] if within_word and len(kept.split()) > 1 else kept
    return whole_words.rstrip() + TRUNCATION_MARK


def _line_limit(lengths: list[int], limit: int) -> int:
    """Return the greatest line length at which all lines fit together; ``lengths`` in rising order."""
    left, count = limit, len(lengths)
    for place, length in enumerate(lengths):
        share = max(0, left) // (count - place)
        if length > share:
            return share
        left -= length
    return limit
