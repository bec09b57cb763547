"""Filters in words, as they stand in the description of a dataset that was selected by them."""

from collections.abc import Sequence

from app.domain.comparison_filter import AgreementFilter
from app.domain.run_selection import Between, LabelFilter, RunFilter, RunSelection

_OUTCOMES: dict[RunFilter, str] = {
    "all": "",
    "correct": "{score} is 1",
    "partial": "{score} is between 0 and 1",
    "wrong": "{score} is 0",
    "failed": "failed",
    "cached": "answered from the cache",
    "unscored": "without a value of {score}",
}
_ATTRIBUTIONS = {
    "supported": "right and supported by a passage",
    "unsupported": "right without a passage that supports it",
    "misread": "retrieved but misread",
    "not_retrieved": "wrong and not retrieved",
}
_LABELS: dict[LabelFilter, str] = {
    "right": "labelled right",
    "wrong": "labelled wrong",
    "unclear": "labelled, but people cannot tell",
    "none": "not labelled",
}
_AGREEMENT: dict[AgreementFilter, str] = {
    "all": "asked in {names}",
    "differ": "{score} differs between {names}",
    "same": "{score} is the same in {names}",
    "both": "right in {first} and in {second}",
    "only_first": "right in {first}, not in {second}",
    "only_second": "not right in {first}, right in {second}",
    "neither": "right neither in {first} nor in {second}",
    "failed": "failed in one of {names}",
    "misread": "retrieved but misread in one of {names}",
    "labelled_wrong": "labelled wrong in one of {names}",
}


def runs_sentence(where: RunSelection, experiment: str) -> str:
    """Return which runs of an experiment are meant, such as ``failed, topic is music, in Plain``."""
    score = where.score.replace("_", " ")
    parts = [
        _OUTCOMES[where.outcome].format(score=score),
        " or ".join(_ATTRIBUTIONS[one] for one in where.attributions),
        " or ".join(_LABELS[one] for one in where.labels),
        " or ".join(f"failed by {one}" for one in where.failure_kinds),
        *(f"{key} is {value}" for key, value in where.slices),
        f"with the words “{where.text}”" if where.text.split() else "",
        _within(score, where.value),
        _within("latency in ms", where.latency_ms),
        _within("tokens", where.tokens),
    ]
    scoring = f" by the scoring {where.scoring}" if where.scoring else ""
    return ", ".join([*(filter(None, parts)), f"in {experiment}{scoring}"])


def comparison_sentence(where: AgreementFilter, score: str, labels: Sequence[str]) -> str:
    """Return which questions of a comparison are meant, such as ``right in plain, not in few-shot``."""
    names = f"{', '.join(labels[:-1])} and {labels[-1]}"
    words = score.replace("_", " ")
    return _AGREEMENT[where].format(score=words, names=names, first=labels[0], second=labels[1])


def _within(what: str, bounds: Between) -> str:
    least = "" if bounds.least is None else f" from {bounds.least:g}"
    most = "" if bounds.most is None else f" up to {bounds.most:g}"
    return f"{what}{least}{most}" if least or most else ""
