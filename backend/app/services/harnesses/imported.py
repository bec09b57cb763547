"""What an import has done, and from what it was made."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.harness import LABELS
from app.domain.hashing import content_hash
from app.models import Experiment
from app.services.harnesses.matching import PairedBy
from app.services.results.agreements import HarnessAgreement


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import has done with one log.

    Attributes:
        experiment_id: of the experiment.
        name: of the experiment.
        harness: label of the harness.
        model: as the harness calls it.
        dataset: name of the dataset that the questions are of.
        questions: different ones.
        answers: runs that were stored, or were there already.
        failed: runs without an answer, among them.
        created: whether it is new: the same log gives the same experiment.
        paired_by: by what the questions were found in a dataset that was there before.
        agreement: of each score of the harness with ours.
    """

    experiment_id: uuid.UUID
    name: str
    harness: str
    model: str
    dataset: str
    questions: int
    answers: int
    failed: int
    created: bool
    paired_by: PairedBy
    agreement: list[HarnessAgreement]


@dataclass(frozen=True, slots=True)
class Source:
    """A file of an import: its name, and the hash of its content."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """All that decides what an import makes, beside the datasets that are there.

    Attributes:
        sources: the files, in their order.
        dataset: whose questions were asked; empty: named by harness and task.
        scoring: the rule of a new dataset; empty: the usual one.
        columns: of a plain file of answers, each as ``field=column``.
    """

    sources: Sequence[Source]
    dataset: str
    scoring: str
    columns: Sequence[str]

    @property
    def digest(self) -> str:
        """Hash of all of it: equal for an import that asks for the same again."""
        files = [[one.name, one.sha256] for one in self.sources]
        return content_hash([files, self.dataset, self.scoring, list(self.columns)])

    @property
    def content(self) -> str:
        """Hash of the contents of the files, whatever their names and order."""
        return content_hash(sorted(one.sha256 for one in self.sources))


def imported_as(experiment: Experiment, agreement: list[HarnessAgreement], *, created: bool) -> Imported:
    """Return what an import has done, of which ``experiment`` was made, now or before."""
    about = experiment.provenance["imported"]
    progress = experiment.progress or {}
    return Imported(
        experiment_id=experiment.id,
        name=experiment.name,
        harness=LABELS[about["harness"]],
        model=about["model"],
        dataset=experiment.dataset_name,
        questions=experiment.total // experiment.config["repeats"],
        answers=progress["done"],
        failed=progress["failed"],
        created=created,
        paired_by=about["paired_by"],
        agreement=agreement,
    )
