"""Where the questions of a dataset were selected from."""

from dataclasses import dataclass
from typing import Literal

from app.domain.json import JsonObject

OriginKind = Literal["runs", "comparison"]


@dataclass(frozen=True, slots=True)
class SelectedExperiment:
    """An experiment whose runs were looked at, by the name that it had then."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class DatasetOrigin:
    """Where the questions of a dataset were selected from.

    Attributes:
        kind: the list of an experiment's runs, or a comparison.
        experiments: whose runs passed the filter; of a comparison the baseline first.
        filters: as they were asked for, without those that were not set.
        sentence: the filters in words.
        dataset: name of the dataset that the questions are from.
        version: of that dataset.
    """

    kind: OriginKind
    experiments: tuple[SelectedExperiment, ...]
    filters: JsonObject
    sentence: str
    dataset: str
    version: str
