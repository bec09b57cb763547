"""What retrieval speaks of: articles, the chunks they are cut into, and passages that were found."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from app.domain.examples import VERSION_LENGTH
from app.domain.hashing import content_hash
from app.domain.json import JsonObject

SECTION_BREAK = "\n\n"
"""What stands between the sections of an article's text."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an article; ``heading`` may be empty."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Article:
    """One document of a knowledge base.

    Attributes:
        key: its id within the knowledge base.
        title: what it is about; may be empty.
        sections: in order.
    """

    key: str
    title: str
    sections: tuple[Section, ...]

    @property
    def text(self) -> str:
        """The whole text, into which the offsets of chunks point; headings are not in it."""
        return SECTION_BREAK.join(section.text for section in self.sections)

    @property
    def content_hash(self) -> str:
        """Hash of all that can be found of it."""
        return content_hash(
            [self.key, self.title, [[section.heading, section.text] for section in self.sections]]
        )


def articles_version(articles: Sequence[Article]) -> str:
    """Return the version of a knowledge base with these articles, in this order."""
    return content_hash([article.content_hash for article in articles])[:VERSION_LENGTH]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of one article's text.

    Attributes:
        id: ``<article key>#<position in the article>``.
        section: heading of the section in which it begins.
        start: offset of its first character in the article's text.
        end: offset behind its last: ``article.text[start:end] == text``.
    """

    id: str
    article: str
    title: str
    section: str
    text: str
    start: int
    end: int

    @property
    def searched(self) -> str:
        """What is embedded and indexed: the text under its title, without which pronouns say nothing."""
        return f"{self.title}\n{self.text}" if self.title else self.text


@dataclass(frozen=True, slots=True)
class Hit:
    """What one stage of retrieval said of a chunk: its rank, from 1, and its score."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that was retrieved, and what each stage (``dense``, ``bm25``, …) said of it.

    ``dropped``: it was left out of the prompt, which would have been too long.
    """

    chunk: Chunk
    stages: dict[str, Hit] = field(default_factory=dict)
    dropped: bool = False

    def as_dict(self) -> JsonObject:
        """Return the passage as it is stored and sent."""
        stages = {name: {"rank": hit.rank, "score": hit.score} for name, hit in self.stages.items()}
        return {**asdict(self.chunk), "dropped": self.dropped, "stages": stages}

    @classmethod
    def from_dict(cls, value: JsonObject) -> "Passage":
        """Return the passage that ``as_dict`` wrote."""
        stages = {name: Hit(hit["rank"], hit["score"]) for name, hit in value["stages"].items()}
        chunk = {one: value[one] for one in value if one not in {"dropped", "stages"}}
        return cls(Chunk(**chunk), stages, value["dropped"])


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What was found for one query, best first, and the seconds that each stage took."""

    passages: tuple[Passage, ...]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def total_s(self) -> float:
        """Seconds of all stages, without waiting for other searches to end."""
        return sum(self.seconds.values())

    def without_last(self, dropped: int) -> tuple[Passage, ...]:
        """Return the passages with the last ``dropped`` marked as left out of the prompt."""
        kept = len(self.passages) - dropped
        return tuple(
            passage if place < kept else replace(passage, dropped=True)
            for place, passage in enumerate(self.passages)
        )
