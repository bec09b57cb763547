"""What a report says: sections of Markdown, with their figures."""

from dataclasses import dataclass

from app.services.report.figures.base import Figure


@dataclass(frozen=True, slots=True)
class Section:
    """One section.

    Attributes:
        title: its heading.
        markdown: its text, in which whatever others wrote is escaped.
        figures: below the text.
    """

    title: str
    markdown: str
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A report.

    Attributes:
        title: plain text.
        sections: in the order of reading.
        attachments: further files by name: what was compared, as a file to run, and the numbers.
    """

    title: str
    sections: tuple[Section, ...]
    attachments: dict[str, bytes]

    @property
    def figures(self) -> list[Figure]:
        """The figures of all sections."""
        return [figure for section in self.sections for figure in section.figures]
