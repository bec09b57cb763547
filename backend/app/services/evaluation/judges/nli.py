"""A judge by natural language inference, with a sequence classification model on the CPU.

Pairs that wait at the same time, of whichever runs, share a batch. Judgements are remembered by the
content of the pair. A premise that is too long for the model is cut into overlapping windows, of which
the one with the highest probability counts.
"""

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from app.domain.hashing import content_hash
from app.services.evaluation.judges.base import Claim, JudgementStore, Verdict
from app.services.local_models.encoders import pack_linear_layers, quiet_libraries

Pair = tuple[str, str]
_AT_ONCE = 8  # windows in one pass
_A_ROUND = 32  # pairs that are taken from those that wait
_MAX_TOKENS = 512  # of a window with its hypothesis
_OVERLAP = 32  # tokens that windows of a premise share


class Entailment(Protocol):
    """Tells how probable it is that a premise entails a hypothesis."""

    async def probabilities(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Return P(entailment) of each (premise, hypothesis)."""
        ...


@dataclass(frozen=True, slots=True)
class NliJudge:
    """Judges by natural language inference: P(entailment) of the statement, highest over the passages."""

    entailment: Entailment

    async def judge(self, claim: Claim) -> Verdict:
        """See ``Judge``."""
        try:
            found = await self.entailment.probabilities([(text, claim.statement) for text in claim.texts])
        except Exception as error:  # noqa: BLE001 - a crashed judge is a value of its own
            return Verdict(None, f"the judge failed ({type(error).__name__})")
        best = max(range(len(found)), key=found.__getitem__)
        return Verdict(found[best], f"most by passage {best + 1}")


class NoEntailmentLabel(Exception):
    """The model is none of natural language inference; the message names its labels."""


def require_entailment(folder: Path) -> int:
    """Return the number of a model's label for entailment, by its configuration.

    Raises:
        NoEntailmentLabel: if it has none.
        OSError: if it has no configuration.
    """
    labels = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("id2label", {})
    for number, label in labels.items():
        if str(label).lower().startswith("entail"):
            return int(number)
    names = ", ".join(map(str, labels.values())) or "none"
    raise NoEntailmentLabel(
        f"The model {folder} is none of natural language inference: it has no label entailment, but {names}."
    )


class NliModel:
    """One model; loaded by the first call, used by one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._loaded: tuple[Any, Any, int, int] | None = None

    def probabilities(self, pairs: Sequence[Pair]) -> list[float]:
        """Return P(entailment) of each (premise, hypothesis), best over the premise's windows; blocks.

        Raises:
            NoEntailmentLabel: if the model has no such label.
        """
        import torch

        with self._lock, torch.inference_mode():
            tokenizer, model, entailment, limit = self._load()
            encoded = tokenizer(
                [premise for premise, _ in pairs],
                [_cut(tokenizer, hypothesis, limit // 2) for _, hypothesis in pairs],
                truncation="only_first",
                max_length=limit,
                stride=min(_OVERLAP, limit // 8),
                return_overflowing_tokens=True,
            )
            owners = encoded.pop("overflow_to_sample_mapping")
            best = [0.0] * len(pairs)
            order = sorted(range(len(owners)), key=lambda place: -len(encoded["input_ids"][place]))
            for start in range(0, len(order), _AT_ONCE):
                places = order[start : start + _AT_ONCE]
                part = {name: [values[place] for place in places] for name, values in encoded.items()}
                batch = tokenizer.pad(part, return_tensors="pt")
                found = torch.softmax(model(**batch).logits, dim=-1)[:, entailment].tolist()
                for place, value in zip(places, found, strict=True):
                    best[owners[place]] = max(best[owners[place]], value)
        return best

    def _load(self) -> tuple[Any, Any, int, int]:
        """Return tokenizer, model, number of the label, and tokens of a pair at most."""
        if self._loaded is None:
            quiet_libraries()
            from transformers import AutoModelForSequenceClassification, AutoTokenizer

            tokenizer = AutoTokenizer.from_pretrained(self._folder, local_files_only=True)
            model = AutoModelForSequenceClassification.from_pretrained(
                self._folder, local_files_only=True, use_safetensors=True
            ).eval()
            entailment = require_entailment(self._folder)
            pack_linear_layers(model)
            positions = getattr(model.config, "max_position_embeddings", _MAX_TOKENS)
            limit = min(_MAX_TOKENS, positions, tokenizer.model_max_length)
            self._loaded = (tokenizer, model, entailment, limit)
        return self._loaded


def _cut(tokenizer: Any, text: str, limit: int) -> str:
    """Return the beginning of a text that has at most ``limit`` tokens: a premise needs room, too."""
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    return text if len(offsets) <= limit else text[: offsets[limit - 1][1]]


class BatchedNli:
    """Answers from memory what it can, and lets all that wait share batches; see ``Entailment``.

    Args:
        model: does the work, in a thread of its own.
        identity: hash of the model, for the keys of what is remembered.
        store: remembers beyond this process, if there is one.
    """

    def __init__(self, model: NliModel, identity: str, store: JudgementStore | None = None) -> None:
        self._model = model
        self._identity = identity
        self._store = store
        self._known: dict[str, float] = {}
        self._waiting: dict[str, Pair] = {}
        self._futures: dict[str, asyncio.Future[float]] = {}
        self._worker: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="nli")

    async def probabilities(self, pairs: Sequence[Pair]) -> list[float]:
        """Return P(entailment) of each (premise, hypothesis)."""
        keys = [content_hash(["nli", self._identity, *pair]) for pair in pairs]
        unknown = [key for key in keys if key not in self._known]
        if unknown and self._store is not None:
            self._known |= await self._store.get_many(unknown)
        for key, pair in zip(keys, pairs, strict=True):
            if key not in self._known and key not in self._futures:
                self._waiting[key] = pair
                self._futures[key] = asyncio.get_running_loop().create_future()
        missing = [self._futures[key] for key in keys if key not in self._known]
        if missing:
            if self._worker is None or self._worker.done():
                self._worker = asyncio.create_task(self._work())
            # Shielded: others may wait for the same pair when this caller is cancelled.
            await asyncio.gather(*(asyncio.shield(future) for future in missing))
        return [self._known[key] for key in keys]

    def close(self) -> None:
        """End the thread."""
        if self._worker is not None:
            self._worker.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            keys = list(self._waiting)[:_A_ROUND]
            pairs = [self._waiting.pop(key) for key in keys]
            futures = [self._futures[key] for key in keys]
            try:
                values = await loop.run_in_executor(self._thread, self._model.probabilities, pairs)
                found = dict(zip(keys, values, strict=True))
                if self._store is not None:
                    await self._store.put_many(found)
                self._known |= found
                for key, future in zip(keys, futures, strict=True):
                    future.set_result(found[key])
            except BaseException as error:  # a panic of the tokenizer's is no Exception
                for future in futures:
                    if not future.done():
                        future.set_exception(RuntimeError(f"{type(error).__name__}: {error}"))
                if isinstance(error, asyncio.CancelledError):
                    raise
            finally:
                for key in keys:
                    self._futures.pop(key, None)
