"""A question with its accepted answers, and the dataset it belongs to."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from app.domain.dataset_origin import DatasetOrigin
from app.domain.hashing import canonical_json, content_hash
from app.domain.json import JsonObject
from app.domain.scoring import ScoringRule

VERSION_LENGTH = 16
"""Hex digits of a dataset version: 64 bits, ample for telling versions of one dataset apart."""


@dataclass(frozen=True, slots=True)
class Example:
    """One item of a dataset.

    Attributes:
        key: the item's id within its dataset, as the file gave it or ``str(position)``.
        question: the text put to the model.
        answers: accepted answers, the canonical one first, then its aliases.
        cluster: items that share a cluster (one source document, say) are not independent;
            ``None`` means that the item stands alone.
        metadata: whatever else the file says of it (topic, difficulty, …); never scored.
    """

    key: str
    question: str
    answers: tuple[str, ...]
    cluster: str | None = None
    metadata: JsonObject = field(default_factory=dict)

    @property
    def content_hash(self) -> str:
        """Hash of what decides the score: question, answers and cluster, not key or metadata."""
        return content_hash([self.question, list(self.answers), self.cluster])


@dataclass(frozen=True, slots=True)
class Dataset:
    """A named, versioned set of examples; the version is a hash of the examples and the scoring.

    ``origin``: what the examples were selected from, if they were.
    """

    name: str
    scoring: ScoringRule
    examples: tuple[Example, ...]
    description: str = ""
    licence: str = ""
    source: str = ""
    origin: DatasetOrigin | None = None

    @property
    def version(self) -> str:
        """First 16 hex digits of the hash over keys, contents and scoring, in file order."""
        return dataset_version(self.scoring, [(e.key, e.content_hash) for e in self.examples])


class VersionHash:
    """Makes the version of a dataset from its examples one by one, in file order.

    It is the hash of the canonical JSON of ``[scoring, [[key, content hash], …]]``.
    """

    def __init__(self, scoring: str) -> None:
        self._hash = hashlib.sha256(b"[" + canonical_json(scoring) + b",[")
        self._size = 0

    def add(self, key: str, digest: str) -> None:
        """Add the next example: its key and its content hash."""
        comma = b"," if self._size else b""
        self._hash.update(b'%b[%b,"%b"]' % (comma, canonical_json(key), digest.encode()))
        self._size += 1

    @property
    def size(self) -> int:
        """How many examples there are so far."""
        return self._size

    @property
    def version(self) -> str:
        """The version of a dataset with the examples so far."""
        whole = self._hash.copy()
        whole.update(b"]]")
        return whole.hexdigest()[:VERSION_LENGTH]


def dataset_version(scoring: str, items: Iterable[tuple[str, str]]) -> str:
    """Return the version of a dataset of ``(key, content hash)`` items under a scoring rule."""
    hashed = VersionHash(scoring)
    for key, digest in items:
        hashed.add(key, digest)
    return hashed.version


def sample_order(items: Sequence[tuple[int, str]], seed: int) -> list[int]:
    """Return the positions of ``(position, content hash)`` items in sampling order for ``seed``.

    The order depends on content and seed alone, so the first n of it are a simple random sample
    that is the same on every machine, and a smaller sample is a part of every larger one: two
    experiments of different size with one seed still share their questions. This is the definition;
    ``DatasetRepository.sample`` has Postgres compute the same order.
    """

    def rank(item: tuple[int, str]) -> tuple[bytes, int]:
        position, digest = item
        return hashlib.sha256(f"{seed}:{digest}".encode()).digest(), position

    return [position for position, _ in sorted(items, key=rank)]
