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
from typing import TYPE_CHECKING, Protocol

from app.domain.hashing import content_hash
from app.domain.readable_errors import sentence_of
from app.services.evaluation.judges.base import Claim, JudgementStore, Verdict
from app.services.local_models.encoders import pack_linear_layers, quiet_libraries

if TYPE_CHECKING:  # imported by the first judgement: it takes seconds
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

Pair = tuple[str, str]
_BATCH = 8  # windows in one forward pass
_ROUND = 32  # waiting pairs that are judged together, at most
_MAX_TOKENS = 512  # of a window with its hypothesis
_OVERLAP = 32  # tokens that windows of a premise share


class Entailment(Protocol):
    """Computes how probable it is that a premise entails a hypothesis."""

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
    """The model is not one for natural language inference; the message names its labels."""


def require_entailment(folder: Path) -> int:
    """Return the number of the label for entailment in a model's configuration.

    Raises:
        NoEntailmentLabel: if it has none.
        OSError: if it has no configuration file.
    """
    labels = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("id2label", {})
    for number, label in labels.items():
        if str(label).lower().startswith("entail"):
            return int(number)
    names = ", ".join(map(str, labels.values())) or "none"
    raise NoEntailmentLabel(
        f"The model {folder} is not for natural language inference: it has no label entailment, but {names}."
    )


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A loaded model.

    Attributes:
        entailment: number of the label for entailment.
        most_tokens: of a window of the premise together with the hypothesis.
    """

    tokenizer: "PreTrainedTokenizerFast"
    model: "PreTrainedModel"
    entailment: int
    most_tokens: int


class NliModel:
    """One model, loaded by the first call; calls from several threads wait for each other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._loaded: _Loaded | None = None

    def probabilities(self, pairs: Sequence[Pair]) -> list[float]:
        """Return P(entailment) of each (premise, hypothesis), the highest of the premise's windows; blocks.

        Raises:
            NoEntailmentLabel: if the model has no such label.
        """
        import torch

        with self._lock, torch.inference_mode():
            loaded = self._load()
            tokenizer, limit = loaded.tokenizer, loaded.most_tokens
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
            for start in range(0, len(order), _BATCH):
                places = order[start : start + _BATCH]
                part = {name: [values[place] for place in places] for name, values in encoded.items()}
                batch = tokenizer.pad(part, return_tensors="pt")
                found = torch.softmax(loaded.model(**batch).logits, dim=-1)[:, loaded.entailment].tolist()
                for place, value in zip(places, found, strict=True):
                    best[owners[place]] = max(best[owners[place]], value)
        return best

    def _load(self) -> "_Loaded":
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
            self._loaded = _Loaded(tokenizer, model, entailment, limit)
        return self._loaded


def _cut(tokenizer: "PreTrainedTokenizerFast", text: str, limit: int) -> str:
    """Return the beginning of a text, ``limit`` tokens at most, so that there is room for the premise."""
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    return text if len(offsets) <= limit else text[: offsets[limit - 1][1]]


class BatchedNli:
    """Judges waiting pairs in batches, and remembers judgements; see ``Entailment``.

    Args:
        model: judges, in a thread of its own.
        identity: hash of the model: part of the keys under which judgements are remembered.
        store: remembers judgements beyond this process, if there is one.
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
        """Stop judging and end the thread."""
        if self._worker is not None:
            self._worker.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            keys = list(self._waiting)[:_ROUND]
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
            except BaseException as error:  # a panic in the tokenizer's Rust code is no Exception
                for future in futures:
                    if not future.done():
                        future.set_exception(RuntimeError(sentence_of(error)))
                if isinstance(error, asyncio.CancelledError):
                    raise
            finally:
                for key in keys:
                    self._futures.pop(key, None)
