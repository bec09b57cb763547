"""A stored run as spans: what each is called, when it was, and its attributes.

Attributes follow OpenTelemetry's conventions for generative AI (``gen_ai.*``) and OpenInference (``llm.*``,
``retrieval.*``, ``input.value``, …); what neither has a name for begins with ``llmforge.``.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.core.redaction import redact
from app.domain.examples import Example
from app.domain.generation import total_of
from app.domain.json import JsonObject
from app.domain.run import RunRecord
from app.services.tracing.times import RunTimes, Window, times_of

Attribute = str | bool | int | float | list[str]
SpanKind = Literal["CHAIN", "AGENT", "LLM", "RETRIEVER", "TOOL", "EVALUATOR"]
"""OpenInference's kinds that occur here."""

_MOST_ENTRIES = 50
"""Messages of a call, and passages: so many have attributes."""


@dataclass(slots=True)
class SpanEvent:
    """Something that a span tells of, at its end."""

    name: str
    attributes: dict[str, Attribute]


@dataclass(slots=True)
class RunSpan:
    """One span of a run.

    Attributes:
        window: when it was.
        is_call: whether it asked a server, a model's for example.
        error: why it failed; ``None`` if it did not.
    """

    name: str
    kind: SpanKind
    window: Window
    attributes: dict[str, Attribute]
    is_call: bool = False
    error: str | None = None
    events: list[SpanEvent] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TracedExperiment:
    """What the spans of an experiment's runs say of it.

    Attributes:
        model: as the catalog names it, ``provider/model``.
        call_cost: what a stored call has cost, in US dollars; ``None`` if unknown.
        content: whether spans have the texts of questions, prompts, passages and answers.
        longest: characters of one text.
    """

    id: str
    name: str
    dataset: str
    model: str
    method: str
    seed: int
    tags: Sequence[str]
    call_cost: Callable[[JsonObject], float | None]
    content: bool
    longest: int

    def text(self, text: str | None) -> str | None:
        """Return a text without secrets, cut if it is too long; ``None`` if there is none to tell."""
        if not text or not self.content:
            return None
        cut = text[: self.longest]
        return redact(cut if len(text) <= self.longest else f"{cut}… ({len(text):,} characters)")


def spans_of(about: TracedExperiment, example: Example, run: RunRecord, ended_ns: int) -> list[RunSpan]:
    """Return the spans of a run, the run itself first, which is the parent of all others.

    Args:
        about: the experiment.
        example: that the run answers.
        run: as it was stored.
        ended_ns: when it was complete, in nanoseconds since the epoch.
    """
    times = times_of(run.stages, run.latency_ms, ended_ns)
    spans = [_root(about, example, run, times)]
    if run.retrieved is not None and run.trace is None:
        spans.append(_retrieval(about, example, run.retrieved, times.retrieval or times.run))
    spans += [_call(about, run, index, times) for index in range(len(run.calls))]
    if run.trace is not None:
        spans += _tools(about, run.trace, times)
    if run.scores:
        spans.append(_scoring(about, run, times.scoring or times.run))
    common = _common(about, example, run)
    for span in spans:
        span.attributes = {"openinference.span.kind": span.kind, **common, **span.attributes}
    return spans


def _common(about: TracedExperiment, example: Example, run: RunRecord) -> dict[str, Attribute]:
    """Return what every span has, so that each can be found by it."""
    return {
        "session.id": about.id,
        "llmforge.experiment.id": about.id,
        "llmforge.experiment.name": about.name,
        "llmforge.dataset": about.dataset,
        "llmforge.question.key": example.key,
        "llmforge.repeat": run.repeat,
        "llmforge.seed": about.seed,
    }


def _root(about: TracedExperiment, example: Example, run: RunRecord, times: RunTimes) -> RunSpan:
    agent = run.trace is not None
    answers = [text for one in example.answers[:_MOST_ENTRIES] if (text := about.text(one))]
    attributes = _known(
        {
            "input.value": about.text(example.question),
            "output.value": about.text(run.output if run.answer is None else run.answer),
            "llmforge.accepted_answers": answers or None,
            "llmforge.method": about.method,
            "llmforge.model": about.model,
            "llmforge.run.status": str(run.status),
            "llmforge.parse_outcome": None if run.parse_outcome is None else str(run.parse_outcome),
            "llmforge.cached": run.cached,
            "llmforge.cost_usd": run.paid_usd,
            "tag.tags": list(about.tags) or None,
            "error.type": None if run.failure_kind is None else str(run.failure_kind),
            **{f"llmforge.score.{name}": one.value for name, one in run.scores.items()},
        }
    )
    if agent:
        outcome = str((run.trace or {})["summary"]["outcome"])
        attributes |= {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": about.method,
            "llmforge.agent.outcome": outcome,
        }
    return RunSpan(
        f"invoke_agent {about.method}" if agent else f"run {about.method}",
        "AGENT" if agent else "CHAIN",
        times.run,
        attributes,
        error=_failure(about, run),
    )


def _failure(about: TracedExperiment, run: RunRecord) -> str | None:
    """Return why a run failed: the kind alone where texts are left out, since the message may quote some."""
    if run.failure_kind is None:
        return None
    return about.text(run.failure_message) or str(run.failure_kind)


def _retrieval(
    about: TracedExperiment, example: Example, passages: Sequence[JsonObject], window: Window
) -> RunSpan:
    attributes = _known({"gen_ai.operation.name": "retrieval", "input.value": about.text(example.question)})
    return RunSpan("retrieval", "RETRIEVER", window, attributes | _documents(about, passages))


def _documents(about: TracedExperiment, passages: Sequence[JsonObject]) -> dict[str, Attribute]:
    found: dict[str, Attribute | None] = {}
    for place, one in enumerate(passages[:_MOST_ENTRIES]):
        stages = one.get("stages") or {}
        last = next(reversed(stages.values()), None)  # of the stage that decided the order
        metadata = {"title": one.get("title"), "dropped": one.get("dropped")} if about.content else {}
        prefix = f"retrieval.documents.{place}.document"
        found[f"{prefix}.id"] = str(one["id"])
        found[f"{prefix}.content"] = about.text(one.get("text"))
        found[f"{prefix}.score"] = None if last is None else float(last["score"])
        found[f"{prefix}.metadata"] = json.dumps(metadata, ensure_ascii=False) if metadata else None
    return _known(found)


def _call(about: TracedExperiment, run: RunRecord, index: int, times: RunTimes) -> RunSpan:
    call = run.calls[index]
    provider, _, name = about.model.partition("/")
    params, error = call.get("params") or {}, call.get("error")
    finish, cached = call.get("finish_reason"), bool(call.get("cached"))
    prompt, completion = call.get("prompt_tokens"), call.get("completion_tokens")
    attributes = _known(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.system": provider,
            "gen_ai.request.model": name,
            "gen_ai.response.model": call.get("model"),
            "gen_ai.request.temperature": params.get("temperature"),
            "gen_ai.request.max_tokens": params.get("max_tokens"),
            "gen_ai.request.top_p": params.get("top_p"),
            "gen_ai.request.seed": params.get("seed"),
            "gen_ai.request.stop_sequences": params.get("stop") or None,
            "gen_ai.response.finish_reasons": [finish] if finish else None,
            "gen_ai.usage.input_tokens": prompt,
            "gen_ai.usage.output_tokens": completion,
            "llm.model_name": name,
            "llm.provider": provider,
            "llm.invocation_parameters": json.dumps(params) if params else None,
            "llm.token_count.prompt": prompt,
            "llm.token_count.completion": completion,
            "llm.token_count.total": total_of([prompt, completion]),
            "llm.token_count.prompt_details.cache_read": call.get("cache_read_tokens"),
            "llm.token_count.prompt_details.cache_write": call.get("cache_write_tokens"),
            "llm.token_count.completion_details.reasoning": call.get("reasoning_tokens"),
            "llm.cost.total": 0.0 if cached else None if error else about.call_cost(call),
            "llmforge.cached": cached,
            "llmforge.cache.tier": call.get("cache"),
            "llmforge.attempts": call.get("attempts"),
            "llmforge.first_token_ms": call.get("first_token_ms"),
            "error.type": None if error is None else str(error["kind"]),
        }
    )
    return RunSpan(
        f"chat {name}",
        "LLM",
        times.call(index, len(run.calls)),
        attributes | _messages(about, call),
        is_call=True,
        error=None if error is None else _failure(about, run),
    )


def _messages(about: TracedExperiment, call: JsonObject) -> dict[str, Attribute]:
    """Return what was sent and answered, if texts are told."""
    if not about.content:
        return {}
    messages = call.get("messages") or []
    found: dict[str, Attribute | None] = {
        "input.value": about.text(messages[-1]["content"]) if messages else None,
        "output.value": about.text(call.get("text")),
        "llmforge.thinking": about.text(call.get("thinking")),
    }
    for place, one in enumerate(messages[:_MOST_ENTRIES]):
        prefix = f"llm.input_messages.{place}.message"
        found[f"{prefix}.role"] = str(one["role"])
        found[f"{prefix}.content"] = about.text(one.get("content"))
        found |= _tool_calls(about, prefix, one)
    if "text" in call:
        prefix = "llm.output_messages.0.message"
        found[f"{prefix}.role"] = "assistant"
        found[f"{prefix}.content"] = about.text(call["text"])
        found |= _tool_calls(about, prefix, call)
    return _known(found)


def _tool_calls(about: TracedExperiment, prefix: str, message: JsonObject) -> dict[str, Attribute | None]:
    found: dict[str, Attribute | None] = {}
    for place, one in enumerate((message.get("tool_calls") or [])[:_MOST_ENTRIES]):
        about_call = f"{prefix}.tool_calls.{place}.tool_call"
        found[f"{about_call}.id"] = one.get("id")
        found[f"{about_call}.function.name"] = about.text(one["function"]["name"])
        found[f"{about_call}.function.arguments"] = about.text(one["function"]["arguments"])
    return found


def _tools(about: TracedExperiment, trace: JsonObject, times: RunTimes) -> list[RunSpan]:
    """Return the uses of tools of an agent; those that were not executed took no time."""
    spans = []
    for number, step in enumerate(trace["steps"]):
        use = step["use"]
        if use is None:
            continue
        # The model writes the name: one that is no tool's is a text like any other.
        name = str(use["tool"])[:_LONGEST_NAME] if about.content or use["success"] else "unknown"
        arguments = json.dumps(use["arguments"], ensure_ascii=False)
        attributes = _known(
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": redact(name),
                "tool.name": redact(name),
                "tool.parameters": about.text(arguments),
                "input.mime_type": "application/json",
                "input.value": about.text(arguments),
                "output.value": about.text(use["observation"]),
                "llmforge.step": number,
                "llmforge.tool_use": str(use["kind"]),
                "llmforge.repeated": bool(use["repeated"]),
                "error.type": use["error"],
            }
        )
        window = times.tools.get(number) or _after_calls(step, times)
        error = None if use["success"] else about.text(use["observation"]) or "failed"
        spans.append(RunSpan(f"execute_tool {redact(name)}", "TOOL", window, attributes, error=error))
    return spans


_LONGEST_NAME = 100


def _after_calls(step: JsonObject, times: RunTimes) -> Window:
    """Return the moment after the model calls of a step, whose tool was not executed."""
    last = max(step["calls"], default=-1)
    end_ns = times.calls[last].end_ns if 0 <= last < len(times.calls) else times.run.end_ns
    return Window(end_ns, end_ns)


def _scoring(about: TracedExperiment, run: RunRecord, window: Window) -> RunSpan:
    """Return the scoring, with an event for each score."""
    events = [
        SpanEvent(
            "gen_ai.evaluation.result",
            _known(
                {
                    "gen_ai.evaluation.name": name,
                    "gen_ai.evaluation.score.value": one.value,
                    "gen_ai.evaluation.explanation": about.text(one.reason),
                }
            ),
        )
        for name, one in run.scores.items()
    ]
    scores: dict[str, Attribute | None] = {
        f"llmforge.score.{name}": one.value for name, one in run.scores.items()
    }
    told = json.dumps({name: one.value for name, one in run.scores.items()})
    attributes = _known(
        {
            "input.value": about.text(run.answer),
            "output.value": told,
            "output.mime_type": "application/json",
            **scores,
        }
    )
    return RunSpan("scoring", "EVALUATOR", window, attributes, events=events)


def _known(attributes: Mapping[str, Attribute | None]) -> dict[str, Attribute]:
    return {name: value for name, value in attributes.items() if value is not None}
