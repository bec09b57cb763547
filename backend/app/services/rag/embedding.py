"""Embedding texts with a sentence-transformers model, on the CPU.

The libraries take seconds and hundreds of megabytes to import: the first call imports them, so that
processes that do not embed stay small.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from app.domain.hashing import content_hash
from app.services.local_models.encoders import pack_linear_layers, quiet_libraries
from app.services.local_models.files import fingerprint
from app.services.rag.vectors import Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH = 100  # texts
_AT_ONCE = 4  # texts in one pass: few enough to stay in the processor's caches (measured)
_QUERIES = 4096  # queries whose vectors are kept in memory


class Embedder:
    """One embedding model; loaded by the first call, used by one thread at a time.

    Args:
        folder: of the model.
        max_tokens: longer texts are truncated; the model's own limit applies, too.
        batch: texts that are embedded, and stored, at a time.
    """

    def __init__(self, folder: Path, max_tokens: int, *, batch: int = _BATCH) -> None:
        self._folder = folder
        self._max_tokens = max_tokens
        self._batch = batch
        self._model: SentenceTransformer | None = None
        self._lock = Lock()
        self._queries: OrderedDict[str, Vectors] = OrderedDict()

    @property
    def identity(self) -> str:
        """Hash of everything that decides the vectors."""
        return content_hash([fingerprint(self._folder), self._max_tokens])

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._loaded().get_embedding_dimension())

    def load(self) -> None:
        """Load the model now, so that no query waits for it."""
        self._loaded()

    def _loaded(self) -> "SentenceTransformer":
        with self._lock:
            if self._model is None:
                self._model = _load(self._folder, self._max_tokens)
            return self._model

    def embed(self, texts: Sequence[str], done: Callable[[Sequence[int], Vectors], None]) -> None:
        """Embed ``texts``; ``done`` gets each finished batch as positions in ``texts`` and vectors.

        Texts of similar length share a batch, the longest first, since padding costs as much as text.
        Vectors have norm 1, so that their dot product is the cosine.
        """
        model = self._loaded()
        order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
        for start in range(0, len(order), self._batch):
            places = order[start : start + self._batch]
            done(places, self._encode(model, [texts[place] for place in places]))

    def query(self, text: str) -> Vectors:
        """Return the vector of a query, shape ``(dimension,)``; the newest queries are kept in memory."""
        if (known := self._queries.get(text)) is not None:
            return known
        vector: Vectors = self._encode(self._loaded(), [text])[0]
        self._queries[text] = vector
        while len(self._queries) > _QUERIES:
            self._queries.popitem(last=False)
        return vector

    def _encode(self, model: "SentenceTransformer", texts: list[str]) -> Vectors:
        with self._lock:
            vectors = model.encode(
                texts, batch_size=_AT_ONCE, normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(vectors, dtype=np.float32)


def _load(folder: Path, max_tokens: int) -> "SentenceTransformer":
    quiet_libraries()
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(
        str(folder), device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True}
    )
    network = model[0].auto_model
    positions = getattr(network.config, "max_position_embeddings", max_tokens)
    table = getattr(getattr(network, "embeddings", None), "position_embeddings", None)
    if (padding := getattr(table, "padding_idx", None)) is not None:
        positions -= padding + 1  # RoBERTa and MPNet number positions from after the padding index
    model.max_seq_length = min(max_tokens, positions)
    pack_linear_layers(network)
    return model.eval()
