"""Turning texts into vectors with a sentence-transformers model, on the CPU.

The libraries take seconds and hundreds of megabytes to import: they are imported by the first call,
and only processes that embed pay for them.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from app.domain.hashing import content_hash
from app.services.local_models.encoders import pack_linear_layers, quiet_libraries
from app.services.local_models.files import fingerprint
from app.services.rag.vectors import Vectors

_BATCH = 100  # texts
_AT_ONCE = 4  # in one pass: what it works on then stays in the caches of the processor (measured)
_QUERIES = 4096  # whose vectors are remembered


class Embedder:
    """One embedding model; loaded by the first call, used by one thread at a time.

    Args:
        folder: of the model.
        max_tokens: of a text; what is longer is cut off. At most what the model has positions for.
        batch: texts that are embedded, and made durable, at a time.
    """

    def __init__(self, folder: Path, max_tokens: int, *, batch: int = _BATCH) -> None:
        self._folder = folder
        self._max_tokens = max_tokens
        self._batch = batch
        self._model: Any = None
        self._lock = Lock()
        self._queries: OrderedDict[str, Vectors] = OrderedDict()

    @property
    def identity(self) -> str:
        """Hash of what decides the vectors."""
        return content_hash([fingerprint(self._folder), self._max_tokens])

    @property
    def dimension(self) -> int:
        """Numbers of a vector."""
        return int(self._loaded().get_embedding_dimension())

    def _loaded(self) -> Any:
        with self._lock:
            if self._model is None:
                self._model = _load(self._folder, self._max_tokens)
            return self._model

    def embed(self, texts: Sequence[str], done: Callable[[Sequence[int], Vectors], None]) -> None:
        """Embed ``texts``, and give each finished batch to ``done``: positions in ``texts``, vectors.

        Texts of like length share a batch, the longest first: padding would cost as much as text.
        Vectors have the length 1, so that their product is the cosine.
        """
        model = self._loaded()
        order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
        for start in range(0, len(order), self._batch):
            places = order[start : start + self._batch]
            done(places, self._encode(model, [texts[place] for place in places]))

    def query(self, text: str) -> Vectors:
        """Return the vector of a query, shape ``(dimension,)``; the same query is embedded once."""
        if (known := self._queries.get(text)) is not None:
            return known
        vector: Vectors = self._encode(self._loaded(), [text])[0]
        self._queries[text] = vector
        while len(self._queries) > _QUERIES:
            self._queries.popitem(last=False)
        return vector

    def _encode(self, model: Any, texts: list[str]) -> Vectors:
        with self._lock:
            vectors = model.encode(
                texts, batch_size=_AT_ONCE, normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(vectors, dtype=np.float32)


def _load(folder: Path, max_tokens: int) -> Any:
    quiet_libraries()
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(
        str(folder), device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True}
    )
    network = model[0].auto_model
    positions = getattr(network.config, "max_position_embeddings", max_tokens)
    table = getattr(getattr(network, "embeddings", None), "position_embeddings", None)
    if (padding := getattr(table, "padding_idx", None)) is not None:
        positions -= padding + 1  # RoBERTa and MPNet count from behind the padding's
    model.max_seq_length = min(max_tokens, positions)
    pack_linear_layers(network)
    return model.eval()
