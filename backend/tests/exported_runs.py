"""Experiments and rows of runs as exports get them, made without a database."""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from app.domain.status import ExperimentStatus
from app.services.harnesses.exports.exported import Exported, by_question
from app.services.harnesses.exports.formats import LOG_FORMATS, LogFormat

WHEN = datetime(2026, 11, 28, 16, 20, 39, tzinfo=UTC)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
"""What the database can hold: no NUL, no lone surrogates."""
_ODD = st.sampled_from(
    [
        *("{{ 7*7 }}", "{% for i in [1] %}x{% endfor %}", "{{question}}", "<script>alert(1)</script>"),
        *("\x1b[31mred\x1b[0m", "\u202eabc", "a\u2028b", "[1, 2]", '{"a": 1}', "NaN", "null", "=1+1"),
        *("attachment://x", "file:///etc/passwd", "a\r\nb\tc", "../../b", "\ufeffx", "🙂" * 500),
    ]
)
ANY = TEXTS | _ODD
_SAID = ANY.map(str.strip).filter(bool)
"""A question, a key, or an accepted answer: importers of datasets take no empty ones."""
_SHARES = st.none() | st.sampled_from([0.0, 1.0])
_GRADES = st.none() | st.floats(0, 1)


def row(key: str, repeat: int, **fields: Any) -> dict[str, Any]:
    """Return the row of an answered run; ``error`` makes it a failed one."""
    error = fields.pop("error", None)
    scores = fields.pop("scores", {"exact_match": 1.0})
    output = fields.get("output", "Paris")
    message = {"role": "user", "content": f"Question: {key}\nAnswer:"}
    call = {"messages": [message], "text": output, "finish_reason": "stop", "params": {"temperature": 0.0}}
    answered: dict[str, Any] = {
        "run_id": 1,
        "example_key": key,
        "question": f"What is {key}?",
        "gold": ["Paris"],
        "metadata": {},
        "repeat": repeat,
        "status": "ok",
        "failure_kind": None,
        "failure_message": None,
        "output": output,
        "answer": output,
        "scores": {name: {"value": value, "reason": "so"} for name, value in scores.items()},
        "calls": [call],
        "prompt_tokens": 12,
        "completion_tokens": 3,
        "reasoning_tokens": None,
        "cache_read_tokens": None,
        "cache_write_tokens": None,
        "latency_ms": 20.0,
        "cost_usd": None,
        "cached": False,
        "created_at": WHEN,
    }
    if error is not None:
        failed = {"status": "failed", "failure_kind": "refused", "failure_message": error, "output": None}
        call = {"messages": [message], "error": {"kind": "refused", "message": error}}
        nothing = dict.fromkeys(("answer", "prompt_tokens", "completion_tokens", "latency_ms"))
        answered |= {**failed, **nothing, "scores": {}, "calls": [call]}
    return {**answered, **{name: value for name, value in fields.items() if name != "output"}}


@st.composite
def experiments(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows of an experiment: several questions, some of them equal in text, each with some of its repeats."""
    rows: list[dict[str, Any]] = []
    for key in draw(st.lists(_SAID, min_size=1, max_size=5, unique=True)):
        question = draw(_SAID | st.just("the same?"))
        golds = draw(st.lists(_SAID, max_size=3, unique=True))
        for repeat in sorted(draw(st.sets(st.integers(0, 4), min_size=1, max_size=3))):
            error = draw(st.none() | _SAID)
            scores = {"exact_match": draw(_SHARES), "f1": draw(_GRADES), "own": draw(_GRADES)}
            rows.append(
                row(
                    key,
                    repeat,
                    error=error,
                    scores=scores,
                    question=question,
                    gold=golds,
                    metadata={"topic": "geo"},
                    run_id=len(rows) + 1,
                    **({} if error else {"output": draw(ANY)}),
                )
            )
    return rows


def experiment(**fields: Any) -> Exported:
    """Return an ended experiment with one repeat."""
    given: dict[str, Any] = {
        "id": "8a10f830-552c-4428-89d5-0abd68436915",
        "name": "capitals",
        "description": "",
        "status": ExperimentStatus.COMPLETED,
        "reason": None,
        "model": "openai/gpt-4o",
        "task": "quiz",
        "scoring": "original",
        "tags": (),
        "config": {
            "method": {"name": "naive", "template": "Question: {question}\nAnswer:", "system": None},
            "params": {"temperature": 0.7, "max_tokens": 64, "stop": ["\n"]},
            "seed": 7,
            "repeats": 1,
        },
        "provenance": {
            "dataset": {"name": "quiz", "version": "a846fe6eb24b54d3", "size": 20, "scoring": "squad"},
            "scorers": {"exact_match": 1, "f1": 1},
            "code": {"version": "1.0", "commit": None, "dirty": None},
        },
        "planned": 20,
        "kinds": {"exact_match": "binary", "f1": "graded"},
        "created_at": WHEN,
        "started_at": WHEN,
        "finished_at": WHEN,
    }
    return Exported(**{**given, **fields})


async def written(fmt: LogFormat, rows: Sequence[dict[str, Any]], about: Exported | None = None) -> bytes:
    """Return the file of a format."""

    async def batches() -> AsyncGenerator[list[dict[str, Any]]]:
        for place in range(0, len(rows), 3):
            yield list(rows[place : place + 3])

    questions = by_question(batches())
    return b"".join([piece async for piece in LOG_FORMATS[fmt].write(about or experiment(), questions)])
