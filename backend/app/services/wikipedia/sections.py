"""Splitting the plain text of an article at its headings."""

from app.domain.passages import Section

_LEFT_OUT = {"see also", "references", "external links", "notes", "further reading", "bibliography"}


def sections_of(text: str) -> tuple[Section, ...]:
    """Split plain text at its ``== Heading ==`` lines; the heading of a subsection is "Parent: Child".

    Sections without text are left out, and those that list sources and links, with their subsections.
    """
    found: list[tuple[list[str], list[str]]] = [([], [])]
    path: list[tuple[int, str]] = []
    for line in text.splitlines():
        heading = _heading(line)
        if heading is not None:
            path = [*(above for above in path if above[0] < heading[0]), heading]
            found.append(([name for _, name in path], []))
        elif line.strip():
            found[-1][1].append(line.strip())
    return tuple(
        Section(": ".join(names), "\n".join(lines))
        for names, lines in found
        if lines and not any(name.casefold() in _LEFT_OUT for name in names)
    )


def _heading(line: str) -> tuple[int, str] | None:
    """Return level and name of a heading; no regular expression, which may be slow on a long line."""
    line = line.strip()
    level = min(len(line) - len(line.lstrip("=")), len(line) - len(line.rstrip("=")), 6)
    name = line[level:-level].strip() if level >= 2 else ""
    return (level, name) if name else None
