"""A plain file of answers, JSONL or CSV: NeMo Evaluator's, or whatever somebody has written.

The columns of the question are those of a dataset; the answer's are ``output``, and if they are there
``repeat``, ``latency_ms``, ``prompt_tokens``, ``completion_tokens``, ``cost_usd`` and ``error``. Columns that
are called ``score.NAME`` are scores in [0, 1].
"""

from collections.abc import Iterator, Mapping, Sequence

from app.core.errors import FieldError, InvalidInput
from app.domain.generation import Usage
from app.domain.harness import score_name
from app.domain.scoring import Score
from app.services.datasets.columns import Columns
from app.services.datasets.golds import read_golds
from app.services.harnesses.logs import BrokenEntry, Log, LoggedAnswer, scored
from app.services.imports.files import File, Report, open_text
from app.services.imports.rows import Row, Rows, file_rows
from app.services.imports.tables import csv_table

_OUTPUTS = ("output", "response", "prediction", "completion", "model_output", "generated_text", "generation")
_OWN = ("output", "model", "error", "repeat", "latency_ms", "prompt_tokens", "completion_tokens", "cost_usd")
_SCORE = "score."


class AnswerColumns:
    """Where the fields of an answer are in a row: as the user says, or by their usual names.

    Args:
        pairs: ``field=column``, with fields of datasets and ``output``, ``model``, ``score.NAME`` and so on.

    Raises:
        InvalidInput: for the field ``map``.
    """

    def __init__(self, pairs: Sequence[str]) -> None:
        own = [pair for pair in pairs if _is_own(pair.partition("=")[0].strip())]
        self.given = {name.strip(): column.strip() for name, _, column in (one.partition("=") for one in own)}
        empty = [name for name, column in self.given.items() if not column]
        if empty:
            raise InvalidInput(
                "The columns are not clear: a column is missing.",
                hint="For example: output=response, score.accuracy=correct.",
                errors=[FieldError("map", f"{empty[0]} has no column")],
            )
        self.questions = Columns.parse([pair for pair in pairs if pair not in own])

    def output(self, row: Row) -> object:
        """Return the output in a row."""
        if "output" in self.given:
            return row.get(self.given["output"])
        return next((row[name] for name in _OUTPUTS if name in row), None)

    def fits(self, keys: Sequence[str]) -> bool:
        """Return whether question and output are found among ``keys``."""
        has_output = self.given.get("output") in keys or any(name in keys for name in _OUTPUTS)
        return "question" in self.questions.of(keys) and has_output

    def value(self, row: Row, name: str) -> object:
        """Return what a row has in the column of one of the fields of answers."""
        return row.get(self.given.get(name, name))

    def scores(self, row: Row) -> dict[str, object]:
        """Return the scores in a row, by the names of the file."""
        found = {key.removeprefix(_SCORE): row[key] for key in row if key.startswith(_SCORE)}
        named = {
            field.removeprefix(_SCORE): row[column]
            for field, column in self.given.items()
            if field.startswith(_SCORE) and column in row
        }
        return {**found, **named}

    def used(self, row: Row) -> set[str]:
        """Return the columns that hold fields of answers."""
        names = {*_OWN, *_OUTPUTS, *self.given.values()}
        return {key for key in row if key in names or key.startswith(_SCORE)}


def usual_columns(names: Sequence[str]) -> dict[str, str]:
    """Return the column of each field of an answer that is read without being told, of these columns."""
    output = next((name for name in _OUTPUTS if name in names), None)
    found = {name: name for name in names if name in _OWN or name.startswith(_SCORE)}
    return found | ({} if output is None else {"output": output})


def _is_own(field: str) -> bool:
    return field in _OWN or field.startswith(_SCORE)


def read_file(file: File, pairs: Sequence[str]) -> list[Log]:
    """Return the logs in a file of answers, one for each model.

    Args:
        file: JSONL, or CSV.
        pairs: columns, each as ``field=column``.

    Raises:
        InvalidInput: if it has no columns of questions and outputs.
    """
    columns = AnswerColumns(pairs)
    models: dict[str, None] = {}
    first: Row | None = None
    for _, row in _rows(file, columns):
        first = first or row
        models[_model(row, columns)] = None
    if first is None or not columns.fits(list(first)):
        shown = ", ".join(list(first or {})[:12]) or "none"
        raise InvalidInput(
            f"{file.name} is no log that is known here, and has no columns of questions and outputs.",
            hint="Say where they are: --map question=input --map output=response. There are: " + shown + ".",
            errors=[FieldError("map", "question and output are needed")],
        )
    return [_log(file, columns, model, alone=len(models) == 1) for model in models]


def is_table(file: File) -> bool:
    """Return whether a file is a table by its name, and not one JSON object a line."""
    return file.name.lower().endswith((".csv", ".tsv"))


def _rows(file: File, columns: AnswerColumns) -> Rows:
    report = Report()
    if is_table(file):
        yield from csv_table(lambda: open_text(file, ""), report, columns.fits).rows
    else:
        yield from file_rows(file, report)
    report.raise_if_any(file.name, "Each line is a JSON object with question, answer and output.")


def _model(row: Row, columns: AnswerColumns) -> str:
    value = columns.value(row, "model")
    return value if isinstance(value, str) and value.strip() else "unknown"


def _log(file: File, columns: AnswerColumns, model: str, *, alone: bool) -> Log:
    task = file.name.rpartition("/")[2].rpartition(".")[0] or "answers"

    def answers() -> Iterator[LoggedAnswer]:
        seen: dict[str, int] = {}
        for number, row in _rows(file, columns):
            if _model(row, columns) == model:
                yield _item(row, columns, f"line {number}", seen)

    return Log(
        harness="file",
        harness_version=None,
        name=task if alone else f"{task}, {model}",
        task=task,
        model=model,
        settings={"file": file.name.rpartition("/")[2], "columns": dict(columns.given)},
        answers=answers,
    )


def _item(row: Row, columns: AnswerColumns, place: str, seen: dict[str, int]) -> LoggedAnswer:
    fields, rest = columns.questions.apply(row)
    question, output = fields.get("question"), columns.output(row)
    if not isinstance(question, str) or not question.strip():
        raise BrokenEntry(place, "has no question")
    error = columns.value(row, "error")
    failed = isinstance(error, str) and bool(error.strip())
    if output is None and not failed:
        raise BrokenEntry(place, "has neither an output nor an error")
    golds = read_golds(fields)
    key = str(fields["id"]) if fields.get("id") not in {None, ""} else question
    given = _whole(columns.value(row, "repeat"))
    repeat = seen.get(key, 0) if given is None else given
    seen[key] = seen.get(key, 0) + 1
    used = columns.used(row)
    return LoggedAnswer(
        place=place,
        key=key[:500],
        repeat=repeat,
        question=question,
        answers=() if isinstance(golds, str) else golds,
        output=None if failed else str(output),
        error=str(error)[:2000] if failed else None,
        scores=_scores(columns.scores(row)),
        usage=Usage(
            prompt_tokens=_whole(columns.value(row, "prompt_tokens")),
            completion_tokens=_whole(columns.value(row, "completion_tokens")),
        ),
        latency_ms=_number(columns.value(row, "latency_ms")),
        cost_usd=_number(columns.value(row, "cost_usd")),
        metadata={name: value for name, value in rest.items() if name not in used},
    )


def _scores(values: Mapping[str, object]) -> dict[str, Score]:
    found: dict[str, Score] = {}
    for part, value in values.items():
        if value is not None and value != "":
            name = score_name("file", part)
            number = value if isinstance(value, bool) else _number(value)
            found[name] = scored(name, value if number is None else number)
    return found


def _number(value: object) -> float | None:
    """Return a number, which tables hold as text."""
    try:
        number = float(value) if isinstance(value, str | int | float) else None
    except ValueError:
        return None
    return number if number is not None and 0 <= number < float("inf") else None


def _whole(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number == int(number) else None
