"""Reading examples one by one from the rows of a file, checking each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.core.errors import FieldError, InvalidInput
from app.domain.examples import Example
from app.domain.scoring import ScoringRule
from app.services.datasets.checks import Checks
from app.services.datasets.columns import Columns
from app.services.datasets.golds import number_problem, read_golds
from app.services.evaluation.normalise import gsm8k_strict
from app.services.imports.files import Report
from app.services.imports.rows import MAX_ID_CHARS, Row, Rows, unstorable

_HINT = "Each line needs a question, and an answer or a list of answers."
_MAX_QUESTION_CHARS = 100_000


@dataclass(slots=True)
class Reading:
    """A dataset that is being read: iterate over it for its examples, once; then the rest is known.

    Attributes:
        name: the dataset's.
        scoring: the rule for its answers.
        rows: read as they are iterated over.
        report: of the wrong ones.
        file: name of the file, for messages.
        columns: where question and answers are.
        notes: sentences for the description, complete at the end.
        about: the description that the file gives of itself; if empty, the notes are.
        licence: of the content.
        source: where it is from.
        hurried: stop at the first wrong row, and do not compare ids, which takes memory for each of them: for
            a file that is read again, without hurry, if anything is wrong.
        checks: of what was read.
        guessed: a sentence on the columns, if they were found by other names than ours.
    """

    name: str
    scoring: ScoringRule
    rows: Rows
    report: Report
    file: str
    columns: Columns = field(default_factory=Columns)
    notes: list[str] = field(default_factory=list)
    about: str = ""
    licence: str = ""
    source: str = ""
    hurried: bool = False
    checks: Checks = field(init=False)
    guessed: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self.checks = Checks(self.scoring, self.report.unit)

    @property
    def description(self) -> str:
        """What the dataset is; complete at the end."""
        return self.about or " ".join(self.notes)

    def warnings(self, keys: Mapping[int, str]) -> tuple[str, ...]:
        """Return sentences on what may be wrong with the dataset; see ``Checks.warnings``."""
        return (*filter(None, [self.guessed]), *self.checks.warnings(keys))

    def __iter__(self) -> Iterator[Example]:
        """Yield the examples.

        Raises:
            InvalidInput: at the end, listing the wrong rows; if there are no examples.
        """
        count, lines_by_key = 0, dict[str, int]()
        for line, row in self.rows:
            if not count:
                self.guessed = self.columns.guessed(tuple(row))
            example = self._example(line, row, str(count))
            if self.report.count and self.hurried:
                break
            if example is None:
                continue
            if not self.hurried:
                first = lines_by_key.setdefault(example.key, line)
                if first != line:
                    place = self.report.place(first)
                    self.report.add(line, f"the id {example.key!r} is already used by {place}")
                    continue
            self.checks.add(example, line)
            count += 1
            yield example
        self.report.raise_if_any(self.file, _HINT.replace("line", self.report.unit))
        if not count:
            raise InvalidInput(f"{self.file} has no examples.", errors=[FieldError("file", "is empty")])

    def _example(self, line: int, row: Row, key: str) -> Example | None:
        """Return the example in a row, with ``key`` if it gives none; report what is wrong with it."""
        fields, rest = self.columns.apply(row)
        if fields.get("id") is None:
            fields["id"] = key
        example = example_of(fields, rest, self.scoring)
        if not isinstance(example, str):
            return example
        missing = example.startswith(("question is missing", "answer is missing"))
        if missing and not self.columns.fits(tuple(row)):
            example = f"{example}; {self.columns.missing(tuple(row), example.split()[0])}"
        self.report.add(line, example)
        return None


def example_of(fields: Row, metadata: Row, scoring: ScoringRule) -> Example | str:
    """Return the example of a row's fields, or a message that says what is wrong with it."""
    question = fields.get("question")
    if not isinstance(question, str) or not question.strip():
        return "question is missing or empty"
    if len(question) > _MAX_QUESTION_CHARS:
        return f"question is longer than {_MAX_QUESTION_CHARS:,} characters"
    answers = read_golds(fields)
    if isinstance(answers, str):
        return answers
    key, cluster = (fields.get(name) for name in ("id", "cluster"))
    problem = _label_problem("id", key) or _label_problem("cluster", cluster)
    problem = problem or unstorable([question, *answers, key, cluster], metadata)
    if problem is not None:
        return problem
    if scoring == "gsm8k":
        if len(answers) == 1 and (number := gsm8k_strict(answers[0])) is not None:
            metadata = {**metadata, "solution": answers[0]}
            answers = (number,)
        problem = next((found for answer in answers if (found := number_problem(answer))), None)
        if problem is not None:
            return problem
    return Example(
        key=str(key),
        question=question.strip(),
        answers=answers,
        cluster=None if cluster is None else str(cluster),
        metadata=metadata,
    )


def _label_problem(name: str, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return f"{name} must be a text or a number"
    if len(str(value)) > MAX_ID_CHARS:
        return f"{name} is longer than {MAX_ID_CHARS} characters"
    return None
