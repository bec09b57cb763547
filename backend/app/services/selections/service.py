"""Makes datasets of the questions that a filter of runs, or of a comparison, has selected."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.domain.comparison_filter import AgreementFilter
from app.domain.dataset_origin import DatasetOrigin, OriginKind, SelectedExperiment
from app.domain.examples import Dataset as DatasetNoun
from app.domain.examples import Example as ExampleNoun
from app.domain.json import JsonObject
from app.domain.run_selection import RunSelection
from app.models import Dataset, Example, Experiment
from app.schemas.scoring import ORIGINAL
from app.services.comparisons.examples import ExamplesService
from app.services.comparisons.report import labels
from app.services.datasets.repository import to_example
from app.services.datasets.service import DatasetService
from app.services.imports.files import require_name
from app.services.results.service import ResultService
from app.services.runs.examples_repository import SelectedExamplesRepository
from app.services.selections.words import comparison_sentence, runs_sentence


class Selected(NamedTuple):
    """A dataset of selected questions, and whether it is new: the same ones are stored once."""

    dataset: Dataset
    created: bool


class _Source(NamedTuple):
    """What a selection was made from, and its filters in words and as they were asked for."""

    kind: OriginKind
    experiments: Sequence[Experiment]
    filters: JsonObject
    sentence: str


class SelectionService:
    """Makes datasets of selections; the service of datasets commits them."""

    def __init__(self, session: AsyncSession) -> None:
        self._datasets = DatasetService(session)
        self._results = ResultService(session)
        self._comparisons = ExamplesService(session)
        self._examples = SelectedExamplesRepository(session)

    async def from_runs(
        self, name: str, experiment_id: uuid.UUID, where: RunSelection, filters: JsonObject
    ) -> Selected:
        """Store the questions of an experiment's runs that are meant; it may still be running.

        Args:
            name: of the new dataset.
            experiment_id: of which experiment.
            where: which runs are meant.
            filters: the same, as it was asked for.

        Raises:
            NotFound: if there is no experiment, or no such scoring.
            InvalidInput: for a name that is none, or that of the dataset that the questions are from; if no
                run is meant.
        """
        require_name(name, "a dataset")
        experiment = await self._results.experiment(experiment_id)
        scoring_id = await self._results.scoring_id(experiment_id, where.scoring or ORIGINAL)
        examples = await self._examples.of_runs(experiment_id, where, scoring_id)
        return await self._store(
            name, examples, _Source("runs", [experiment], filters, runs_sentence(where, experiment.name))
        )

    async def from_comparison(
        self,
        name: str,
        ids: Sequence[uuid.UUID],
        score: str,
        where: AgreementFilter,
        scorings: Sequence[str] = (),
    ) -> Selected:
        """Store the questions of a comparison that pass its filter, in the order of the first experiment's.

        Raises:
            NotFound: if one experiment has no result.
            InvalidInput: as ``from_runs``, and as ``ExamplesService.compare``; if the experiments' datasets
                have different scoring rules.
        """
        require_name(name, "a dataset")
        found = await self._comparisons.selected(ids, score, where, scorings)
        examples = await self._examples.of_ids([next(one.run_id for one in line if one) for line in found])
        experiments = [await self._results.experiment(one) for one in ids]
        sentence = comparison_sentence(where, score, labels([one.name for one in experiments]))
        filters: JsonObject = {"score": score, "outcome": where}
        if scorings:
            filters["scorings"] = [*scorings]
        return await self._store(name, examples, _Source("comparison", experiments, filters, sentence))

    async def _store(self, name: str, examples: Sequence[Example], source: _Source) -> Selected:
        datasets = [
            await self._datasets.get(one.dataset_name, one.dataset_version) for one in source.experiments
        ]
        _check(name, examples, datasets)
        first = datasets[0]
        origin = DatasetOrigin(
            source.kind,
            tuple(SelectedExperiment(str(one.id), one.name) for one in source.experiments),
            source.filters,
            source.sentence,
            first.name,
            first.version,
        )
        dataset = DatasetNoun(
            name,
            first.scoring,
            tuple(distinct_keys([to_example(one) for one in examples])),
            description=f"Of {first.name}: {source.sentence}.",
            licence=first.licence,
            source=first.source,
            origin=origin,
        )
        return Selected(*await self._datasets.add(dataset))


def distinct_keys(examples: Sequence[ExampleNoun]) -> list[ExampleNoun]:
    """Return examples with keys that occur once: those of another dataset may be the same."""
    taken: set[str] = set()
    found = []
    for one in examples:
        key, number = one.key, 2
        while key in taken:
            key = f"{one.key} ({number})"
            number += 1
        taken.add(key)
        found.append(replace(one, key=key))
    return found


def _check(name: str, examples: Sequence[Example], datasets: Sequence[Dataset]) -> None:
    if any(one.name == name for one in datasets):
        raise InvalidInput(
            f"{name} is the dataset that these questions are from.",
            hint="Another name keeps it what it is: experiments use the newest version of a name.",
            errors=[FieldError("name", "is the dataset that the questions are from")],
        )
    if not examples:
        raise InvalidInput(
            "No question passes the filter: there is nothing to store.",
            hint="Choose a filter that lists runs or questions.",
            errors=[FieldError("selection", "selects nothing")],
        )
    rules = sorted({str(one.scoring) for one in datasets})
    if len(rules) > 1:
        raise InvalidInput(
            f"The questions are of datasets with different scoring rules: {', '.join(rules)}.",
            hint="A dataset has one rule; select from experiments on one dataset.",
            errors=[FieldError("selection", "has several scoring rules")],
        )
