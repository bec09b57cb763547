"""SQL of which runs a list shows, in which order, and how much of their texts."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ColumnExpressionArgument,
    Select,
    and_,
    case,
    column,
    func,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import InstrumentedAttribute, contains_eager, defer, with_expression
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.types import Text

from app.domain.run_selection import Between, RunFilter, RunSelection, RunSort
from app.models import Example, Label, Run, ScoredRunRow

_own_columns: dict[str, InstrumentedAttribute[float | None]] = {
    "exact_match": Run.exact_match,
    "contains": Run.contains,
    "f1": Run.f1,
}
# SQLAlchemy does not type what JSON columns can do.
_scores: Any = Run.scores
_scored: Any = ScoredRunRow.scores
_metadata: Any = Example.extra

_TEXT = 300
"""Characters of a question, an answer or a reason that a list shows."""
_OUTPUT = 1_000
"""Characters of an output that a list shows."""
_ANSWERS = 8
"""Accepted answers that a list shows."""


def conditions(
    where: RunSelection, scoring_id: uuid.UUID | None = None
) -> list[ColumnExpressionArgument[bool]]:
    """Return the conditions of a query of runs, joined with their examples if ``asks_of_questions``.

    Args:
        where: which runs are meant.
        scoring_id: whose scores they are about; ``None``: those that the experiment was run with.
    """
    of = partial(score_value, scoring_id=scoring_id)
    value = of(where.score)
    return [
        *_outcome(where.outcome, value),
        *_within(value, where.value),
        *_within(Run.latency_ms.expression, where.latency_ms),
        *_within(_tokens(), where.tokens),
        *((Run.failure_kind.in_(where.failure_kinds),) if where.failure_kinds else ()),
        *((attribution_value(of).in_(where.attributions),) if where.attributions else ()),
        *((label_value().in_(where.labels),) if where.labels else ()),
        *(((value >= 1.0) != (of(where.differs_from) >= 1.0),) if where.differs_from else ()),
        *(_metadata[key].astext == of for key, of in where.slices),
        *(_holds(word) for word in where.text.split()),
    ]


def score_value(score: str, scoring_id: uuid.UUID | None = None) -> ColumnElement[float | None]:
    """Return the SQL expression of a run's value of one score, as it was run or by a scoring."""
    if scoring_id is not None:
        scored: ColumnElement[float | None] = _scored[score]["value"].as_float()
        of_run = select(scored).where(ScoredRunRow.run_id == Run.id, ScoredRunRow.scoring_id == scoring_id)
        return of_run.correlate(Run).scalar_subquery()
    own = _own_columns.get(score)
    if own is not None:
        return own.expression
    value: ColumnElement[float | None] = _scores[score]["value"].as_float()
    return value


def attribution_value(
    value: Callable[[str], ColumnElement[float | None]] = score_value,
) -> ColumnElement[str | None]:
    """Return the SQL expression of where an answer went right or wrong; as ``metrics.attribution`` says it.

    NULL for a run that retrieved nothing, or is not scored.

    Args:
        value: the SQL expression of a score by its name.
    """
    in_context, right = value("answer_in_context"), func.greatest(value("exact_match"), value("contains"))
    return case(
        (or_(in_context.is_(None), right.is_(None)), null()),
        (and_(right >= 1, in_context != 0), "supported"),
        (right >= 1, "unsupported"),
        (in_context != 0, "misread"),
        else_="not_retrieved",
    )


def label_value() -> ColumnElement[str]:
    """Return the SQL expression of what most people say of a run, as ``labels.consensus``, or "none"."""
    votes = select(func.sum(case((Label.verdict == "right", 1), (Label.verdict == "wrong", -1), else_=0)))
    balance = votes.where(Label.run_id == Run.id).correlate(Run).scalar_subquery()
    return case((balance.is_(None), "none"), (balance > 0, "right"), (balance < 0, "wrong"), else_="unclear")


def sort_value(sort: RunSort, score: str, scoring_id: uuid.UUID | None = None) -> ColumnElement[Any]:
    """Return the SQL expression that a list is sorted by; ids stand for the order of storing."""
    keys: dict[RunSort, ColumnElement[Any]] = {
        "order": Run.id.expression,
        "latency_ms": Run.latency_ms.expression,
        "f1": score_value("f1", scoring_id),
        "score": score_value(score, scoring_id),
        "tokens": _tokens(),
        "cost_usd": Run.cost_usd.expression,
        "output_length": func.length(Run.output),
    }
    return keys[sort]


def runs_with_examples(*where: ColumnElement[bool]) -> Select[Run]:
    """Return a query of runs with their examples loaded, and the lengths of their texts."""
    query = select(Run).join(Run.example).where(*where)
    return query.options(contains_eager(Run.example), *_lengths())


def run_lines(*where: ColumnElement[bool]) -> Select[Run]:
    """Return a query of runs as lists show them: with the beginnings of their texts, and no long column.

    ``output``, ``answer``, ``scores`` and the example's texts are not loaded, but ``Run.output_start`` and
    its like are: an output may be megabytes long, and there are hundreds of them on a page.
    """
    query = select(Run).join(Run.example).where(*where)
    example = contains_eager(Run.example).options(defer(Example.question), defer(Example.answers))
    return query.options(
        example.options(
            with_expression(Example.question_start, func.left(Example.question, _TEXT)),
            with_expression(Example.answers_start, _starts(Example.answers.expression)),
        ),
        *(defer(long) for long in (Run.calls, Run.retrieved, Run.trace, Run.stages)),
        *(defer(long) for long in (Run.output, Run.answer, Run.scores)),
        with_expression(Run.output_start, func.left(Run.output, _OUTPUT)),
        with_expression(Run.answer_start, func.left(Run.answer, _TEXT)),
        with_expression(Run.scores_start, _short_reasons()),
        *_lengths(),
    )


def _lengths() -> tuple[ExecutableOption, ...]:
    return (
        with_expression(Run.output_length, func.length(Run.output)),
        with_expression(Run.answer_length, func.length(Run.answer)),
    )


def _starts(texts: ColumnElement[Any]) -> ColumnElement[list[str]]:
    """Return the beginnings of the first texts of an array."""
    each = func.unnest(texts).column_valued("accepted")
    some = select(func.left(each, _TEXT)).limit(_ANSWERS).scalar_subquery()
    return func.array(some, type_=ARRAY(Text))


def _short_reasons() -> ColumnElement[Any]:
    """Return the scores with the beginnings of their reasons: scores of a long answer may quote it."""
    each = func.jsonb_each(Run.scores).table_valued("key", column("value", JSONB), name="score")
    cut = func.left(each.c.value["reason"].astext, _TEXT)
    short = each.c.value.op("||")(func.jsonb_build_object("reason", cut))
    found = func.coalesce(func.jsonb_object_agg(each.c.key, short), func.jsonb_build_object())
    return select(found).select_from(each).scalar_subquery()


def _tokens() -> ColumnElement[Any]:
    return Run.prompt_tokens + Run.completion_tokens


def _outcome(outcome: RunFilter, value: ColumnElement[Any]) -> tuple[ColumnElement[bool], ...]:
    of: dict[RunFilter, tuple[ColumnElement[bool], ...]] = {
        "all": (),
        "correct": (value >= 1.0,),
        "partial": (value > 0.0, value < 1.0),
        "wrong": (Run.status == "ok", value <= 0.0),
        "failed": (Run.status == "failed",),
        "cached": (Run.cached.expression,),
        "unscored": (Run.status == "ok", value.is_(None)),
    }
    return of[outcome]


def _within(number: ColumnElement[Any], bounds: Between) -> list[ColumnElement[bool]]:
    """Return conditions that a missing value never meets, unless there is no bound."""
    least = [] if bounds.least is None else [number >= bounds.least]
    most = [] if bounds.most is None else [number <= bounds.most]
    return [and_(*least, *most)] if least or most else []


def _holds(word: str) -> ColumnElement[bool]:
    texts = (
        *(Example.question, Example.key, func.array_to_string(Example.answers, "\n")),
        *(Run.answer, Run.output, Run.failure_message),
    )
    return or_(*(text.icontains(word, autoescape=True) for text in texts))
