"""Numbers of the judges of faithfulness by name: labels of the committed answers, and what judges said."""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from app.core.markdown import table
from app.domain.json import JsonObject
from app.domain.metrics import Estimate
from app.domain.rounding import fixed, format_p, interval, interval_in_points, percent
from app.services.evaluation.judges.base import THRESHOLD
from app.services.evaluation.judges.measured import MeasuredJudge, read_measured
from app.services.evaluation.statistics.intervals import wilson
from app.services.report.judges import SHIPPED

LABELS = "faithfulness_labels"
"""Name of the data file with the labelled answers."""


def _share(found: Estimate | None) -> str:
    return "–" if found is None else interval(found)


def _kappa(found: Estimate | None) -> str:
    if found is None:
        return "–"
    low, high = fixed(found.low, 2), fixed(found.high, 2)
    return f"{fixed(found.value, 2)} [{low}, {high}]".replace("-", "−")


def _auc(found: float | None) -> str:
    return "–" if found is None else fixed(found, 2)


def _gain(one: MeasuredJudge) -> str:
    gain = one.found.gain
    if gain is None:
        return "–"
    value = fixed(100 * gain.difference, sign=True).replace("-", "−")
    return f"{value} points {interval_in_points(gain.low, gain.high)}, {format_p(gain.p)}"


_OF_JUDGES: Mapping[str, Callable[[MeasuredJudge], str]] = {
    "judged": lambda one: f"{one.found.n:,}",
    "unscored": lambda one: f"{one.found.unscored:,}",
    "accuracy": lambda one: _share(one.found.judge.accuracy),
    "sensitivity": lambda one: _share(one.found.judge.sensitivity),
    "specificity": lambda one: _share(one.found.judge.specificity),
    "kappa": lambda one: _kappa(one.found.judge.kappa),
    "auc": lambda one: _auc(one.found.judge.auc),
    "overlap": lambda one: _share(one.found.overlap.accuracy),
    "overlap_sensitivity": lambda one: _share(one.found.overlap.sensitivity),
    "overlap_auc": lambda one: _auc(one.found.overlap.auc),
    "gain": _gain,
    "commonest": lambda one: percent(one.found.commonest),
}
_COLUMNS = ("judged", "accuracy", "sensitivity", "specificity", "kappa", "auc", "overlap", "gain")


def judge_value(file: Path, path: Sequence[str]) -> str:
    """Return a value of the labelled answers as Markdown.

    Args:
        file: of the labelled answers.
        path: ``labels``, with a label or alone; ``table`` or ``variants``; or a name of
            ``_OF_JUDGES`` and the judge's model.

    Raises:
        ValueError: if there is no such value.
    """
    judges = {one.model: one for one in read_measured([SHIPPED]) if one.file == file.name}
    match list(path):
        case ["labels"]:
            return f"{sum(_labels(file).values()):,}"
        case ["labels", label] if label in _labels(file):
            return f"{_labels(file)[label]:,}"
        case ["table"]:
            rows = [[name, *(_OF_JUDGES[one](judge) for one in _COLUMNS)] for name, judge in judges.items()]
            words = ("n", "right", "unfaithful found", "faithful found", "κ", "AUC", "word overlap right")
            return "\n".join(table(["judge", *words, "judge minus word overlap"], rows))
        case ["variants"]:
            return "\n".join(_by_variant(file, judges))
        case [what, model] if what in _OF_JUDGES and model in judges:
            return _OF_JUDGES[what](judges[model])
    raise ValueError(f"There is no value {' / '.join(path)!r}; judges: {', '.join(judges)}.")


def _by_variant(file: Path, judges: Mapping[str, MeasuredJudge]) -> list[str]:
    """Return a table of the share of faithful answers, by hand and by each judge, of each variant."""
    claims = [line for line in _lines(file) if line["label"] in {"faithful", "unfaithful"}]
    counts = Counter(line["variant"] for line in _lines(file))
    rows = []
    for variant in sorted(counts, key=lambda name: [int(word) for word in name.split() if word.isdigit()]):
        places = [place for place, line in enumerate(claims) if line["variant"] == variant]
        by_hand = [claims[place]["label"] == "faithful" for place in places]
        said = [[one.values[place] for place in places] for one in judges.values()]
        cells = [by_hand, *([value >= THRESHOLD for value in values if value is not None] for values in said)]
        rows.append([variant, f"{counts[variant]:,}", f"{len(places):,}", *map(_share_of, cells)])
    return table(["variant", "answers", "with a claim", "faithful, by hand", *judges], rows)


def _share_of(hits: Sequence[bool]) -> str:
    return interval(wilson(sum(hits), len(hits))) if hits else "–"


def _labels(file: Path) -> Counter[str]:
    return Counter(line["label"] for line in _lines(file))


@cache
def _lines(file: Path) -> list[JsonObject]:
    return [json.loads(line) for line in gzip.decompress(file.read_bytes()).decode().splitlines()]
