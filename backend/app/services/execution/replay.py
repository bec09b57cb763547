"""Answers that a resumed experiment takes over from the one that it resumes.

They come from its stored runs and not from the response cache: with ``cache: false`` an experiment must
not be given answers of others, and the cache does not say whose answers it has.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields

from app.domain.generation import GenerationRequest, GenerationResult, ToolCall, Usage
from app.domain.hashing import content_hash
from app.domain.json import JsonObject
from app.domain.passages import Passage
from app.domain.prediction import ParsedAnswer, ParseOutcome, Prediction
from app.services.inference.base import Engine, EngineBase
from app.services.inference.cache import may_be_replayed

_MILLI = 1000.0
USAGE_FIELDS = tuple(field.name for field in fields(Usage))
"""Counts of tokens that are stored with a call; those of earlier versions have only the first two."""
_REQUEST_KEYS = ("messages", "params", "constraint", "tools")


class ReplayingEngine(EngineBase):
    """Answers from an earlier run of the same sample where it can; otherwise asks the inner engine.

    Args:
        inner: engine that is asked.
        answers: by hash of the request, as ``answers_of`` returns them.
    """

    def __init__(self, inner: Engine, answers: Mapping[str, GenerationResult]) -> None:
        self._inner = inner
        self._answers = answers

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request; see ``Engine.generate``."""
        found = self._answers.get(content_hash(request_json(request)))
        request.clock.lap("lookup")
        return found if found is not None else await self._inner.generate(request)

    async def aclose(self) -> None:
        """Close the inner engine."""
        await self._inner.aclose()


def request_json(request: GenerationRequest) -> JsonObject:
    """Return what was asked, as it is stored with a call."""
    return {
        "messages": [message.as_dict() for message in request.messages],
        "params": {**request.params.as_dict(), "seed": request.seed, "repeat": request.repeat},
        **({"constraint": request.constraint.as_dict()} if request.constraint else {}),
        **({"tools": [tool.as_dict() for tool in request.tools]} if request.tools else {}),
    }


def answers_of(calls: Iterable[JsonObject]) -> dict[str, GenerationResult]:
    """Return the answers among the stored calls of a run, by hash of the request.

    Calls that failed have none, and an answer that may not be replayed is asked for again.
    """
    found: dict[str, GenerationResult] = {}
    for call in calls:
        if "text" not in call:
            continue
        result = result_of(call)
        if may_be_replayed(result):
            found[content_hash({key: call[key] for key in _REQUEST_KEYS if key in call})] = result
    return found


def result_of(call: JsonObject) -> GenerationResult:
    """Return the answer of a stored call that was answered."""
    return GenerationResult(
        text=call["text"],
        usage=Usage(**{name: call.get(name) for name in USAGE_FIELDS}),
        latency_s=None if call["latency_ms"] is None else call["latency_ms"] / _MILLI,
        attempts=0,
        finish_reason=call["finish_reason"],
        model=call["model"],
        system_fingerprint=call["system_fingerprint"],
        cached=True,
        tool_calls=tuple(
            ToolCall(one["id"], one["function"]["name"], one["function"]["arguments"])
            for one in call.get("tool_calls", ())
        ),
        thinking=call.get("thinking", ""),
        left_out=tuple(call.get("left_out", ())),
        cache_tier="resumed",
    )


def stored_prediction(
    output: str | None,
    answer: str | None,
    outcome: str | None,
    rule: str | None,
    retrieved: Sequence[JsonObject] | None,
) -> Prediction:
    """Return what a method had made of an example, by the columns of its run; without calls.

    Args:
        output: of the model.
        answer: that was read from it.
        outcome: what the parser met; ``None`` in runs from before it was stored.
        rule: that matched, likewise.
        retrieved: passages; ``None`` if the method retrieves nothing.
    """
    passages = None if retrieved is None else tuple(map(Passage.from_dict, retrieved))
    parsed = ParsedAnswer(answer, ParseOutcome(outcome or ParseOutcome.ANSWERED), rule or "")
    return Prediction(output or "", parsed, (), passages)
