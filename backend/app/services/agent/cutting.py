"""Making texts fit: the longest lines lose their ends first."""

CUT = " […]"


def cut_lines(text: str, room: int) -> str:
    """Return ``text`` in at most about ``room`` characters; every line keeps its beginning.

    Lines that are longer than their share are cut, at a word where there is one; what shorter lines
    leave over goes to the longer ones.
    """
    if len(text) <= room:
        return text
    lines = text.splitlines()
    most = _longest(sorted(len(line) for line in lines), max(0, room - len(lines) + 1))
    return "\n".join(line if len(line) <= most else cut(line, most) for line in lines)[: max(room, len(CUT))]


def lost(text: str, shown: str) -> int:
    """Return how many characters of ``text`` are not in what ``cut_lines`` made of it."""
    marks = max(0, shown.count(CUT) - text.count(CUT)) * len(CUT)
    return max(0, len(text) - (len(shown) - marks))


def cut(line: str, most: int) -> str:
    """Return a line in at most ``most`` characters, the mark of the cut included."""
    if len(line) <= most:
        return line
    kept = line[: max(0, most - len(CUT))]
    within_word = not kept[-1:].isspace() and not line[len(kept)].isspace()
    before = kept.rsplit(None, 1)[0] if within_word and len(kept.split()) > 1 else kept
    return before.rstrip() + CUT


def _longest(lengths: list[int], room: int) -> int:
    """Return the greatest length such that lines cut to it have room; ``lengths`` in rising order."""
    left, count = room, len(lengths)
    for place, length in enumerate(lengths):
        share = max(0, left) // (count - place)
        if length > share:
            return share
        left -= length
    return room
