"""Numbers of a comparison by name, so that no document holds one that was copied by hand.

In Markdown, ``<!--= FILE / WHAT / … -->text<!--/=-->`` stands for a value of ``FILE.jsonl.gz``: ``text`` is
written anew from the data, and a test fails where it differs.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from app.core.markdown import plain
from app.domain.rounding import (
    format_p,
    interval,
    interval_in_points,
    milliseconds,
    number,
    percent,
    signed_points,
)
from app.schemas.comparison import Compared, ComparisonOut, DifferenceStatistics, ScoreDifference
from app.schemas.comparison_wording import differences_of, tokens_per_answer, verdicts_of
from app.schemas.result import ScoreStatistics
from app.services.comparisons.markdown import table_of
from app.services.report.figures.base import Figure
from app.services.report.figures.prepare import forest, setting_of

PICTURE = "](ADDRESS)"
"""In a forest plot: where the address of its picture belongs, which depends on the document."""
_MARK = re.compile(r"<!--= (?P<name>[^>]+?) -->(?P<text>.*?)<!--/=-->", re.DOTALL)


def _statistics(one: ScoreDifference) -> DifferenceStatistics:
    if one.statistics is None:
        raise ValueError(f"There are no statistics: {one.message}")
    return one.statistics


def _points(one: ScoreDifference) -> str:
    found = _statistics(one)
    value = signed_points(one.difference or 0.0)
    return f"{value} points {interval_in_points(found.simultaneous_low, found.simultaneous_high)}"


def forest_of(comparison: ComparisonOut, score: str) -> Figure:
    """Return the forest plot of a comparison.

    Raises:
        ValueError: if there are no differences to draw.
    """
    found = forest(comparison, score, setting_of(comparison))
    if found is None:
        raise ValueError(f"There are no differences in {score} to draw.")
    return found


def _picture(comparison: ComparisonOut, score: str) -> list[str]:
    figure = forest_of(comparison, score)
    return [f"![{plain(figure.alt)}{PICTURE}", "", f"*{plain(figure.caption)}*"]


_AT_THE_START = re.compile(r"(?: (?!\S*-->)(\S+)|(<!--/=-->\S*))\n( *)(<!--= [^>]+ -->(?!\n))")
"""A value at the beginning of a line, where Markdown takes its comment for the beginning of a block."""

_BLOCKS: Mapping[str, Callable[[ComparisonOut, str], Sequence[str]]] = {
    "table": table_of,
    "scores": lambda comparison, score: table_of(comparison, score, latency=False),
    "verdicts": lambda comparison, score: [f"- {plain(line)}" for line in verdicts_of(comparison, score)],
    "forest": _picture,
}
_OF_DIFFERENCES: Mapping[str, Callable[[ScoreDifference], str]] = {
    "difference": _points,
    "p": lambda one: format_p(_statistics(one).adjusted_p),
    "pairs": lambda one: f"{one.n_paired:,}",
    "verdict": lambda one: plain(_statistics(one).verdict),
    "needed": lambda one: f"{_statistics(one).needed or 0:,}",
}
_OF_SCORES: Mapping[str, Callable[[ScoreStatistics], str]] = {
    "score": interval,
    "value": lambda one: percent(one.value),
    "n": lambda one: f"{one.n:,}",
}
_OF_EXPERIMENTS: Mapping[str, Callable[[Compared], str]] = {
    "latency": lambda one: milliseconds(one.metrics.latency_ms.p50),
    "tokens": lambda one: number(tokens_per_answer(one.metrics)),
    "failed": lambda one: f"{one.metrics.counts.failed:,}",
}


def refreshed(text: str, value: Callable[[str, Sequence[str]], str]) -> str:
    """Return a document with its numbers from the data.

    Args:
        text: Markdown.
        value: returns a value, as Markdown, by the name of its file and its own.

    Raises:
        ValueError: for a name that the data do not have; the message says which.
    """

    def anew(found: re.Match[str]) -> str:
        file, *path = [part.strip() for part in found["name"].split(" / ")]
        written = value(file, path)
        around = "\n\n" if "\n" in written or path[0] in _BLOCKS else ""
        return f"<!--= {found['name']} -->{around}{written}{around}<!--/=-->"

    return _AT_THE_START.sub(_after_a_word, _MARK.sub(anew, text))


def picture_name(file: str, score: str) -> str:
    """Return the name of the file that the forest plot of a data file is drawn into."""
    return f"{file}-{score}.svg".replace("_", "-")


def pictures_in(text: str) -> list[tuple[str, str]]:
    """Return the data file and the score of each forest plot that a document shows."""
    paths = [[part.strip() for part in found["name"].split(" / ")] for found in _MARK.finditer(text)]
    return [(path[0], path[2]) for path in paths if path[1:2] == ["forest"] and path[2:]]


def _after_a_word(found: re.Match[str]) -> str:
    word, value, indent, mark = found.groups()
    if value:
        return f"{value} {mark}"
    return f"\n{indent}{word} {mark}"


def value_of(comparison: ComparisonOut, path: Sequence[str]) -> str:
    """Return a value of a comparison as Markdown.

    Args:
        comparison: from a data file.
        path: ``table``, ``scores`` (the table without latency), ``verdicts`` or ``forest`` (a picture with
            its caption) and a score; or ``score``, ``value``, ``n``, ``difference``, ``p``,
            ``pairs``, ``verdict`` or ``needed`` with a label and a score; or ``latency``, ``tokens`` or
            ``failed`` with a label.

    Raises:
        ValueError: if there is no such value.
    """
    match list(path):
        case [what, score] if what in _BLOCKS:
            _require(score, {one.score for one in comparison.differences})
            return "\n".join(_BLOCKS[what](comparison, score))
        case [what, label] if what in _OF_EXPERIMENTS:
            return _OF_EXPERIMENTS[what](_experiment(comparison, label))
        case [what, label, score] if what in _OF_SCORES:
            scores = _experiment(comparison, label).metrics.scores
            _require(score, scores)
            return _OF_SCORES[what](scores[score])
        case [what, label, score] if what in _OF_DIFFERENCES:
            this = _experiment(comparison, label).experiment_id
            found = {one.experiment_id: one for one in differences_of(comparison, score)}
            _require(this, found)
            return _OF_DIFFERENCES[what](found[this])
    raise ValueError(f"There is no value {' / '.join(path)!r}.")


def _experiment(comparison: ComparisonOut, label: str) -> Compared:
    named = {one.label: one for one in comparison.experiments}
    _require(label, named)
    return named[label]


def _require(key: object, known: Iterable[object]) -> None:
    if key not in list(known):
        raise ValueError(f"{key} is not there; there are: {', '.join(map(str, known))}.")
