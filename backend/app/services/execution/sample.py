"""One sample of an experiment: answered by the method, scored, and recorded."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.core.logging import get_logger
from app.domain.examples import Example
from app.domain.generation import GenerationResult, sum_of_times
from app.domain.json import JsonObject
from app.domain.passages import Passage
from app.domain.prediction import Call, Prediction, ScoredSample, Vote
from app.domain.readable_errors import sentence_of
from app.domain.run import RunRecord
from app.domain.scoring import Score, ScoringRule
from app.domain.stages import UNTIMED, StageClock
from app.domain.status import FailureKind, RunStatus
from app.domain.trace import Trace
from app.schemas.experiment_config import ExperimentConfig
from app.services.evaluation.scorers.base import Scoring
from app.services.execution.cache_use import cache_use_of
from app.services.execution.call_warnings import warnings_of
from app.services.execution.expenses import expenses_of, group_json, usage_json
from app.services.execution.replay import ReplayingEngine, request_json
from app.services.inference.base import Engine, EngineError
from app.services.inference.catalog import ModelSpec, Price
from app.services.inference.failures import clean
from app.services.methods.base import Context, Method, Transcript

log = get_logger(__name__)

_MILLI = 1000.0


@dataclass(frozen=True, slots=True)
class Sample:
    """An (example, repeat) without a run.

    Attributes:
        answers: calls that an earlier experiment made for it, which this one resumes; see ``answers_of``.
        shard: number of the shard that it belongs to.
    """

    example_id: int
    example: Example
    repeat: int
    answers: Mapping[str, GenerationResult] = field(default_factory=dict)
    shard: int = 0


class SampleRunner:
    """Turns samples into run records; a failure becomes a record, never an exception.

    Args:
        experiment_id: which experiment the runs belong to.
        config: of the experiment.
        method: answers examples.
        rule: how answers are scored.
        spec: of the model, for its price.
        engine: where the method's calls go.
        scoring: scores answered samples.
        window: tokens that the model takes, prompt and answer together; ``None`` if unknown.
    """

    def __init__(
        self,
        experiment_id: uuid.UUID,
        config: ExperimentConfig,
        method: Method,
        rule: ScoringRule,
        spec: ModelSpec,
        engine: Engine,
        scoring: Scoring,
        *,
        window: int | None = None,
    ) -> None:
        self._window = window
        self._scoring = scoring
        self._experiment_id = experiment_id
        self._config = config
        self._params = config.generation_params()
        self._method = method
        self._rule = rule
        self._price = spec.usd_per_1m
        # Of a batch job's calls nobody knows the time, and the rest of a run would pass for the whole.
        self._timed = config.execution.mode != "batch_job"
        self._engine = engine

    async def run(self, sample: Sample) -> RunRecord:
        """Answer and score one sample."""
        config = self._config
        engine = ReplayingEngine(self._engine, sample.answers) if sample.answers else self._engine
        clock = StageClock(first_token=config.execution.measure_first_token) if self._timed else UNTIMED
        transcript = Transcript(clock=clock)
        context = Context(
            engine, config.model, self._params, config.seed, sample.repeat, self._window, transcript
        )
        try:
            prediction = await self._method(sample.example, context)
            clock.lap("parsing")
            # The next call, for which there is a slot now, is sent before this is scored.
            await asyncio.sleep(0)
            clock.lap("turn")
            scores = await self._scoring(ScoredSample(sample.example, prediction, self._rule), clock)
            return self._answered(sample, prediction, scores, transcript)
        except EngineError as error:
            await asyncio.sleep(0)  # after those that were answered before it: it may end the experiment
            return self._failed(sample, transcript, error.kind, error.message, error.attempts)
        except Exception as error:
            log.exception("run_crashed", example=sample.example.key)
            clock.lap("other")
            message = clean(sentence_of(error))
            return self._failed(sample, transcript, FailureKind.INTERNAL, message, 1)

    def _answered(
        self, sample: Sample, prediction: Prediction, scores: list[Score], transcript: Transcript
    ) -> RunRecord:
        results = [call.result for call in prediction.calls]
        values = {score.name: score.value for score in scores}
        cached = [result.cached for result in results]
        model_s = sum_of_times([result.latency_s for result in results])
        # With some calls from the cache, nobody has waited for the whole: neither now nor before.
        whole = all(cached) or not any(cached)
        return RunRecord(
            experiment_id=self._experiment_id,
            example_id=sample.example_id,
            repeat=sample.repeat,
            status=RunStatus.OK,
            output=prediction.output,
            answer=prediction.answer.text,
            parse_outcome=prediction.answer.outcome,
            parse_rule=prediction.answer.rule,
            exact_match=values.get("exact_match"),
            contains=values.get("contains"),
            f1=values.get("f1"),
            scores={score.name: score for score in scores},
            # An agent whose first prompt was too long has made no call at all.
            cached=bool(results) and all(cached),
            attempts=max((result.attempts for result in results), default=0),
            latency_ms=(model_s + transcript.beside_model_s) * _MILLI
            if whole and model_s is not None
            else None,
            queue_ms=sum(result.queue_s for result in results) * _MILLI,
            calls=[_call_json(call, self._price) for call in prediction.calls],
            retrieved=_passages_json(prediction.passages),
            trace=_trace_json(prediction.trace),
            model_ms=None if model_s is None else model_s * _MILLI,
            warnings=warnings_of(prediction.calls),
            **expenses_of(results, self._price),
            **cache_use_of(results),
            stages=transcript.clock.finish("storing"),  # the last field: all others are made by then
        )

    def _failed(
        self, sample: Sample, transcript: Transcript, kind: FailureKind, message: str, attempts: int
    ) -> RunRecord:
        asked = transcript.asked or self._method.render(sample.example)
        messages = [message.as_dict() for message in asked]
        results = [call.result for call in transcript.calls]
        last: JsonObject = {"messages": messages, "error": {"kind": kind, "message": message}}
        return RunRecord(
            experiment_id=self._experiment_id,
            example_id=sample.example_id,
            repeat=sample.repeat,
            status=RunStatus.FAILED,
            failure_kind=kind,
            failure_message=message,
            attempts=attempts,
            calls=[*(_call_json(call, self._price) for call in transcript.calls), last],
            retrieved=_passages_json(transcript.passages),
            trace=_trace_json(transcript.trace),
            warnings=warnings_of(transcript.calls),
            **expenses_of(results, self._price, failed=True),
            **cache_use_of(results),
            stages=transcript.clock.finish("storing"),
        )


def _passages_json(passages: Sequence[Passage] | None) -> list[JsonObject] | None:
    """Return retrieved passages as they are stored, best first."""
    return None if passages is None else [passage.as_dict() for passage in passages]


def _trace_json(trace: Trace | None) -> JsonObject | None:
    return None if trace is None else trace.as_dict()


def _call_json(call: Call, price: Price | None) -> JsonObject:
    result = call.result
    return {
        **request_json(call.request),
        **({"tool_calls": [call.as_dict() for call in result.tool_calls]} if result.tool_calls else {}),
        "text": result.text,
        **({"thinking": result.thinking} if result.thinking else {}),
        **({"left_out": list(result.left_out)} if result.left_out else {}),
        "finish_reason": result.finish_reason,
        "model": result.model,
        "system_fingerprint": result.system_fingerprint,
        **usage_json(result.usage),
        **group_json(result, price),
        "latency_ms": None if result.latency_s is None else result.latency_s * _MILLI,
        **({} if result.first_token_s is None else {"first_token_ms": result.first_token_s * _MILLI}),
        "queue_ms": result.queue_s * _MILLI,
        "attempts": result.attempts,
        "cached": result.cached,
        **({} if result.cache_tier is None else {"cache": result.cache_tier}),
        **({} if call.vote is None else {"vote": _vote_json(call.vote)}),
    }


def _vote_json(vote: Vote) -> JsonObject:
    return {
        "answer": vote.answer.text,
        "parse_outcome": vote.answer.outcome,
        "parse_rule": vote.answer.rule,
        "counted_as": vote.counted_as,
        "votes": vote.votes,
    }
