"""One run as a sample of Inspect, and as the summary of it."""

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

import orjson

from app.core.visible import visible
from app.domain.json import JsonObject
from app.domain.scoring import Score
from app.services.harnesses.exports.exported import Exported, ExportedRun, ScoreNames

_STOPS = {
    "stop": "stop",
    "length": "max_tokens",
    "max_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "model_length": "model_length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
}
"""Inspect's stop reasons by the words of servers."""
_PARAMS = {"stop": "stop_seqs"}
"""Names of our sampling parameters in Inspect's generate config, where they differ."""
_GENERATE = frozenset({"temperature", "max_tokens", "top_p", "seed", "stop"})
_THIN = 1_000  # characters of a text in a summary; Inspect cuts longer ones when it reads them
_INPUT = 5_000  # characters of a question in a summary
_MILLI = 1000.0


def dumped(value: object) -> bytes:
    """Return JSON as Inspect writes it: a score without a value is NaN, which strict JSON cannot hold."""
    return json.dumps(value, separators=(",", ":")).encode()


def generate_config(params: JsonObject) -> JsonObject:
    """Return sampling parameters as Inspect names them."""
    return {_PARAMS.get(name, name): value for name, value in params.items() if name in _GENERATE}


def sample_json(
    experiment: Exported, run: ExportedRun, names: ScoreNames, binary: Mapping[str, bool]
) -> JsonObject:
    """Return a run as a sample.

    Args:
        experiment: that it belongs to.
        run: to write.
        names: of the scores in the log.
        binary: whether each of its scores is 0 or 1.
    """
    usage = usage_of(run)
    seconds = None if run.latency_ms is None else run.latency_ms / _MILLI
    metadata, choices = _choices(run.metadata)
    uuid = f"{experiment.id}-{run.id}"
    began = run.stored_at - timedelta(seconds=seconds or 0.0)
    output = _output(experiment, run, seconds, usage)
    answers = [choice["message"] for choice in output["choices"]]
    timed = {} if seconds is None else {"total_time": seconds, "working_time": seconds}
    return {
        "id": run.key,
        "epoch": run.repeat + 1,
        "input": run.question,
        **({"choices": choices} if choices else {}),
        "target": run.golds[0] if len(run.golds) == 1 else list(run.golds),
        "messages": [*_messages(run, uuid), *answers],
        "output": output,
        "scores": {
            names.of(name): _score(score, run, binary=binary[name]) for name, score in run.scores.items()
        },
        "metadata": metadata,
        "store": {},
        "events": [_event(experiment, call, run, uuid, place) for place, call in enumerate(run.calls)],
        "model_usage": {experiment.model: usage} if usage else {},
        "role_usage": {},
        "started_at": began.isoformat(),
        "completed_at": run.stored_at.isoformat(),
        **timed,
        "uuid": uuid,
        **({} if run.error is None else {"error": error_json(run.error, run.error_kind)}),
        "error_retries": [],
        "attachments": {},
        "turn_count": len(run.calls),
    }


def summary_json(sample: JsonObject) -> JsonObject:
    """Return the summary of a sample: what lists of samples show."""
    kept = ("id", "epoch", "choices", "target", "model_usage", "role_usage", "started_at", "completed_at")
    scores = {
        name: {**score, **{part: _thin(score[part]) for part in ("answer", "explanation") if part in score}}
        for name, score in sample["scores"].items()
    }
    return {
        **{name: sample[name] for name in (*kept, "total_time", "working_time", "uuid") if name in sample},
        "input": sample["input"][:_INPUT],
        "metadata": {name: value for name, value in sample["metadata"].items() if _is_small(value)},
        "scores": scores,
        **({"error": sample["error"]["message"]} if "error" in sample else {}),
        "retries": 0,
        "completed": True,
        "message_count": len(sample["messages"]),
        "turn_count": sample["turn_count"],
    }


def usage_of(run: ExportedRun) -> JsonObject | None:
    """Return tokens and price as Inspect counts them; ``None`` if the server has not said them.

    Its input tokens are those that did not come from, or go to, the provider's prompt cache.
    """
    usage = run.usage
    if usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    cached = (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0)
    further = {
        "input_tokens_cache_read": usage.cache_read_tokens,
        "input_tokens_cache_write": usage.cache_write_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "total_cost": run.cost_usd,
    }
    return {
        "input_tokens": max(0, usage.prompt_tokens - cached),
        "output_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        **{name: value for name, value in further.items() if value is not None},
    }


def error_json(message: str, kind: str | None) -> JsonObject:
    """Return an error; there is no traceback of ours in it, and no escape sequence of theirs."""
    shown = message if kind is None else f"{kind}: {message}"
    return {"message": message, "traceback": shown, "traceback_ansi": visible(shown)}


def _score(score: Score, run: ExportedRun, *, binary: bool) -> JsonObject:
    value: object = math.nan if score.value is None else score.value
    if binary and score.value in {0.0, 1.0}:
        value = "C" if score.value else "I"
    said = {} if run.answer is None else {"answer": run.answer}
    return {"value": value, **said, "explanation": score.reason, "history": []}


def _choices(metadata: JsonObject) -> tuple[JsonObject, list[str]]:
    """Return the metadata of a question without its choices, and those, as an import keeps them."""
    found = metadata.get("choices")
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        return metadata, []
    return {name: value for name, value in metadata.items() if name != "choices"}, found


def _output(
    experiment: Exported, run: ExportedRun, seconds: float | None, usage: JsonObject | None
) -> JsonObject:
    if run.output is None:
        return {"model": experiment.model, "choices": [], "completion": ""}
    last = run.calls[-1] if run.calls else {}
    answer = _answer(experiment, run.output, last, f"{experiment.id}-{run.id}-answer")
    return {
        "model": experiment.model,
        "choices": [{"message": answer, "stop_reason": _STOPS.get(run.finish_reason or "", "unknown")}],
        "completion": run.output,
        **({} if usage is None else {"usage": usage}),
        **({} if seconds is None else {"time": seconds}),
    }


def _answer(experiment: Exported, text: str, call: JsonObject, message_id: str) -> JsonObject:
    """Return what the model has answered; what it thought is apart from it."""
    thinking = call.get("thinking")
    parts = [{"type": "reasoning", "reasoning": thinking}, {"type": "text", "text": text}]
    calls = [_tool_call(one) for one in call.get("tool_calls") or ()]
    return {
        "id": message_id,
        "content": parts if thinking else text,
        "source": "generate",
        "role": "assistant",
        **({"tool_calls": calls} if calls else {}),
        "model": experiment.model,
    }


def _messages(run: ExportedRun, uuid: str) -> list[JsonObject]:
    return [_message(one, f"{uuid}-{place}") for place, one in enumerate(run.messages)]


def _message(sent: JsonObject, message_id: str) -> JsonObject:
    role = sent.get("role")
    found = {
        "id": message_id,
        "content": str(sent.get("content") or ""),
        "role": role if role in {"system", "user", "assistant", "tool"} else "user",
    }
    if role in {"system", "user"}:
        found["source"] = "input"
    if role == "assistant" and sent.get("tool_calls"):
        found["tool_calls"] = [_tool_call(one) for one in sent["tool_calls"]]
    if role == "tool" and sent.get("tool_call_id"):
        found["tool_call_id"] = sent["tool_call_id"]
    return found


def _tool_call(call: JsonObject) -> JsonObject:
    """Return a use of a tool; arguments that are no JSON object are said to be none."""
    function = call.get("function") or {}
    written, arguments = str(function.get("arguments") or ""), None
    with suppress(orjson.JSONDecodeError):
        arguments = orjson.loads(written)
    known = isinstance(arguments, dict)
    return {
        "id": str(call.get("id") or ""),
        "function": str(function.get("name") or ""),
        "arguments": arguments if known else {},
        **({} if known else {"parse_error": written}),
        "type": "function",
    }


def _event(experiment: Exported, call: JsonObject, run: ExportedRun, uuid: str, place: int) -> JsonObject:
    """Return a model call as an event of the transcript."""
    error = call.get("error")
    text = call.get("text")
    answered = isinstance(text, str)
    choices = (
        [
            {
                "message": _answer(experiment, str(text), call, f"{uuid}-{place}-answer"),
                "stop_reason": _STOPS.get(call.get("finish_reason") or "", "unknown"),
            }
        ]
        if answered
        else []
    )
    return {
        "uuid": f"{uuid}-call-{place}",
        "timestamp": run.stored_at.isoformat(),
        "working_start": 0.0,
        "event": "model",
        "model": experiment.model,
        "input": [
            _message(one, f"{uuid}-{place}-{number}") for number, one in enumerate(call.get("messages") or ())
        ],
        "tools": [],
        "tool_choice": "auto",
        "config": generate_config(call.get("params") or {}),
        "output": {"model": experiment.model, "choices": choices, "completion": text if answered else ""},
        **({"error": str(error.get("message"))} if isinstance(error, dict) else {}),
        **({"cache": "read"} if call.get("cached") else {}),
    }


def _thin(value: object) -> object:
    return value[:_THIN] if isinstance(value, str) else value


def _is_small(value: object) -> bool:
    return not isinstance(value, str | list | dict) or len(dumped(value)) <= _THIN
