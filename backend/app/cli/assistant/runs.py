"""Runs of the API in the shapes that an assistant is given."""

from app.cli.assistant.shapes import (
    ComparedQuestion,
    QuestionTexts,
    RunDetail,
    RunDetailTexts,
    RunLine,
    RunTexts,
    StageLine,
)
from app.cli.assistant.texts import Texts, few
from app.domain.json import JsonObject
from app.schemas.knowledge import PassageOut
from app.schemas.result import ComparedExample, RunOut, RunSummary
from app.schemas.trace import StepOut

_CALL_FACTS = (
    "finish_reason",
    "model",
    "prompt_tokens",
    "completion_tokens",
    "latency_ms",
    "cached",
    "error",
)
_CALL_TEXTS = ("messages", "tool_calls", "thinking", "text")


def run_line(run: RunSummary, texts: Texts) -> RunLine:
    """Return a run as a list shows it."""
    return RunLine(**_facts(run, texts), untrusted=RunTexts(**_texts(run, texts)))


def compared_question(one: ComparedExample, texts: Texts) -> ComparedQuestion:
    """Return a question with the runs of several experiments."""
    gold = [texts.text(answer) for answer in few(one.gold)]
    return ComparedQuestion(
        repeat=one.repeat,
        runs=[None if run is None else run_line(run, texts) for run in one.runs],
        untrusted=QuestionTexts(question=texts.text(one.question), accepted_answers=gold),
    )


def run_detail(experiment_id: str, run: RunOut, texts: Texts) -> RunDetail:
    """Return a run with what it retrieved, its steps and its calls, in this order if there is too much."""
    said = _texts(run, texts)
    trace = run.trace
    return RunDetail(
        **_facts(run, texts),
        experiment_id=experiment_id,
        parse_rule=run.parse_rule,
        attempts=run.attempts,
        agent_outcome=None if trace is None else str(trace.summary.outcome),
        stages=[
            StageLine(label=texts.name(one.label), ms=one.ms, step=one.step) for one in few(run.stages or [])
        ],
        warnings=texts.sentences(one.message for one in run.warnings or []),
        untrusted=RunDetailTexts(
            **said,
            metadata=texts.object(run.metadata),
            passages=None if run.retrieved is None else [_passage(one, texts) for one in few(run.retrieved)],
            steps=None if trace is None else [_step(one, texts) for one in few(trace.steps)],
            calls=[_call(one, texts) for one in few(run.calls)],
        ),
    )


def _facts(run: RunSummary, texts: Texts) -> JsonObject:
    return {
        "run_id": run.id,
        "repeat": run.repeat,
        "status": run.status,
        "failure_kind": run.failure_kind,
        "parse_outcome": run.parse_outcome,
        "scores": {texts.name(name): score.value for name, score in run.scores.items()},
        "cached": run.cached,
        "latency_ms": run.latency_ms,
        "prompt_tokens": run.prompt_tokens,
        "completion_tokens": run.completion_tokens,
        "cost_usd": run.cost_usd,
    }


def _texts(run: RunSummary, texts: Texts) -> JsonObject:
    reasons = {name: score.reason for name, score in run.scores.items() if score.reason}
    return {
        "question_key": texts.name(run.example_key),
        "question": texts.text(run.question),
        "accepted_answers": [texts.text(answer) for answer in few(run.gold)],
        "answer": texts.maybe(run.answer),
        "output": texts.maybe(run.output),
        "failure_message": texts.maybe(run.failure_message),
        "score_reasons": {texts.name(name): texts.text(reason) for name, reason in reasons.items()},
    }


def _passage(one: PassageOut, texts: Texts) -> JsonObject:
    return {
        "id": texts.name(one.id),
        "title": texts.name(one.title),
        "text": texts.text(one.text),
        "in_prompt": not one.dropped,
        "stages": {name: {"rank": hit.rank, "score": hit.score} for name, hit in one.stages.items()},
    }


def _step(one: StepOut, texts: Texts) -> JsonObject:
    step: JsonObject = {"thought": texts.text(one.thought), "repaired": one.repaired}
    if one.use is not None:
        step |= {
            "tool": texts.name(one.use.tool),
            "arguments": texts.object(one.use.arguments),
            "observation": texts.text(one.use.observation),
            "tool_use": one.use.kind,
        }
    if one.answer is not None:
        step["answer"] = texts.text(one.answer)
    return step


def _call(call: JsonObject, texts: Texts) -> JsonObject:
    return {
        name: texts.json(call[name]) for name in (*_CALL_FACTS, *_CALL_TEXTS) if call.get(name) is not None
    }
