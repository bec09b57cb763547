"""Reranking with a cross-encoder, which reads query and chunk together: slower than vectors, more exact."""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from app.services.local_models.encoders import pack_linear_layers, quiet_libraries

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

_AT_ONCE = 8  # pairs in one pass
_MAX_TOKENS = 512  # of a pair; longer chunks are truncated


class Reranker:
    """One cross-encoder; loaded by the first call, used by one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._model: CrossEncoder | None = None
        self._lock = Lock()

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """Return how well each text answers the query; higher is better, on the model's own scale."""
        if not texts:
            return []
        with self._lock:
            pairs = [(query, text) for text in texts]
            found = self._loaded().predict(pairs, batch_size=_AT_ONCE, show_progress_bar=False)
        return [float(score) for score in found]

    def load(self) -> None:
        """Load the model now, so that no query waits for it."""
        with self._lock:
            self._loaded()

    def _loaded(self) -> "CrossEncoder":
        if self._model is None:
            self._model = _load(self.folder)
        return self._model


def _load(folder: Path) -> "CrossEncoder":
    quiet_libraries()
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(
        str(folder), device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True}
    )
    positions = getattr(model.config, "max_position_embeddings", _MAX_TOKENS)
    model.max_seq_length = min(_MAX_TOKENS, positions, model.tokenizer.model_max_length)
    pack_linear_layers(model.model)
    return model
