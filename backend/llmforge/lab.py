"""The platform, as a Python program uses it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeAlias
from uuid import UUID

from app.client.address import configured_url
from app.client.api import Api, Query
from app.client.errors import UnusableInput
from app.client.files import comparisons_of, read_mapping
from app.client.uploads import TIMEOUT_S, log_files, opened
from app.core.config import get_settings
from app.domain.json import JsonObject
from app.domain.scoring import DEFAULT_MARGIN, ScoreFamily
from app.schemas.catalog import DatasetAdded, DatasetOut
from app.schemas.common import Page
from app.schemas.comparison import ComparisonConfig, ComparisonCreated, ComparisonOut
from app.schemas.experiment import ExperimentOut, ExperimentSummary
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.imported import ImportedOut
from llmforge.comparison import Comparison
from llmforge.errors import NO_PLATFORM, LabError, told
from llmforge.experiment import Experiment

_PAGE = 200  # experiments
_ExperimentInput: TypeAlias = str | Path | Mapping[str, object] | ExperimentConfig
_ComparisonInput: TypeAlias = str | Path | Mapping[str, object] | ComparisonConfig
_Identified: TypeAlias = str | UUID | Experiment | ImportedOut


class Lab:
    """The API of a platform; a context manager that closes its connections.

    Args:
        url: of the API. By default the one that ``LLMFORGE_API_URL`` names, else that of the platform that
            runs on this machine, as for the command line.
        key: of the API, if it asks for one; by default that of ``LLMFORGE_API_KEY`` or
            ``LLMFORGE_API_KEYS``.

    Raises:
        LabError: if no platform runs on this machine, and none is named.
    """

    def __init__(self, url: str = "", key: str = "") -> None:
        try:
            settings = get_settings()
        except SystemExit as error:  # which would end a notebook's kernel without a word
            raise LabError("The settings cannot be read.", hint=str(error)) from None
        found = url.rstrip("/") or configured_url(settings)
        if found is None:
            raise LabError("No platform runs on this machine.", hint=NO_PLATFORM)
        self._api = Api(found, key or settings.client_key)
        self.datasets = Datasets(self._api)

    @property
    def url(self) -> str:
        """The address of the platform; the dashboard is there."""
        return self._api.url

    def create(self, config: _ExperimentInput, *, tags: Sequence[str] = ()) -> Experiment:
        """Store an experiment, without starting it.

        Args:
            config: its fields, or the path of a YAML file with them.
            tags: to find it by.

        Raises:
            LabError: naming the fields that are wrong.
        """
        with told(self.url):
            raw = _fields_of(config)
            if "variants" in raw:
                raise UnusableInput("This is a comparison.", hint="Use run_comparison().")
            body = {"config": raw, "tags": list(tags)}
            return Experiment(self._api, self._api.post("/experiments", ExperimentOut, json=body))

    def experiment(self, experiment: _Identified) -> Experiment:
        """Return an experiment by its id, by the first characters of that, or of what was imported."""
        with told(self.url):
            path = f"/experiments/{self._id_of(experiment)}"
            return Experiment(self._api, self._api.get(path, ExperimentOut))

    def experiments(self, **filters: Query) -> Iterator[Experiment]:
        """Iterate over the experiments, the newest first.

        Args:
            filters: those of the list of experiments in the API, such as ``status=["COMPLETED"]``,
                ``tag=["paper"]``, ``text="prompt"``, ``archived="include"`` or ``sort="name"``.
        """
        offset = 0
        while True:
            with told(self.url):
                page = self._api.get(
                    "/experiments", Page[ExperimentSummary], **{**filters, "limit": _PAGE, "offset": offset}
                )
            yield from (Experiment(self._api, one) for one in page.items)
            offset += _PAGE
            if offset >= page.total:
                return

    def run_comparison(self, config: _ComparisonInput, *, dataset: str | None = None) -> list[Experiment]:
        """Store and start the experiments of a comparison; the first one is the baseline.

        Args:
            config: its fields, or the path of a YAML file with them.
            dataset: name of one, in place of what ``config`` says.

        Raises:
            LabError: naming the fields that are wrong; or if it is about several datasets and none is chosen.
        """
        with told(self.url):
            found = comparisons_of(_fields_of(config), "The comparison", {"dataset.name": dataset})
            if len(found) > 1:
                names = [one["base"]["dataset"]["name"] for one in found]
                raise UnusableInput(
                    f"The comparison is on several datasets: {', '.join(names)}.",
                    hint=f"Choose one: run_comparison(…, dataset={names[0]!r}).",
                )
            created = self._api.post("/comparisons", ComparisonCreated, json={"config": found[0]})
        return [Experiment(self._api, one) for one in created.experiments]

    def compare(
        self,
        *experiments: _Identified,
        score: str = "exact_match",
        margin: float = DEFAULT_MARGIN,
        scoring: str | Sequence[str] = (),
        family: ScoreFamily = "score",
    ) -> Comparison:
        """Compare experiments on the questions they share, with intervals and tests.

        Args:
            experiments: 2 to 12, the baseline first; ids, their first characters, or experiments.
            score: that the verdict is about.
            margin: of equivalence, the largest difference that does not matter; .02 is 2 points.
            scoring: name of a scoring, one for all or one for each.
            family: what p allows for: the comparisons of one score, or those of all scores (``page``).

        Raises:
            LabError: if they cannot be compared, or do not share the score.
        """
        names = [scoring] if isinstance(scoring, str) else list(scoring)
        with told(self.url):
            ids = [str(self._id_of(one)) for one in experiments]
            chosen: dict[str, Query] = {"ids": ids, "margin": margin, "scoring": names, "family": family}
            out = self._api.get("/results/compare", ComparisonOut, **chosen)
        return Comparison(out, score).by(score)

    def import_(
        self,
        *paths: str | Path,
        dataset: str = "",
        scoring: str = "",
        columns: Mapping[str, str] | None = None,
    ) -> list[ImportedOut]:
        """Import logs of other harnesses as experiments; all files, or none.

        Args:
            paths: of files, or of folders with logs of lm-evaluation-harness.
            dataset: whose questions were asked; a new one is made if this is empty.
            scoring: of a new dataset.
            columns: of a plain file, the column of each field whose name is another one.

        Returns:
            What was imported; ``experiment`` and ``compare`` take it as it is.

        Raises:
            LabError: saying which file is wrong, and where.
        """
        data = {"dataset": dataset, "scoring": scoring, "map": _pairs(columns)}
        with told(self.url), opened(log_files([Path(one) for one in paths])) as files:
            return self._api.post("/imports", list[ImportedOut], data=data, files=files, timeout=TIMEOUT_S)

    def close(self) -> None:
        """Close the connections."""
        self._api.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Lab({self.url!r})"

    def _id_of(self, experiment: _Identified) -> UUID:
        if isinstance(experiment, Experiment):
            return experiment.id
        if isinstance(experiment, ImportedOut):
            return experiment.experiment_id
        return experiment if isinstance(experiment, UUID) else self._api.resolve(experiment)


class Datasets:
    """The datasets of a platform: ``lab.datasets``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def __iter__(self) -> Iterator[DatasetOut]:
        with told(self._api.url):
            found = self._api.get("/datasets", list[DatasetOut])
        return iter(found)

    def add(
        self, name: str, path: str | Path, *, scoring: str = "", columns: Mapping[str, str] | None = None
    ) -> DatasetAdded:
        """Import a file of questions; if a line is wrong, nothing is imported.

        Args:
            name: lower-case letters, digits, and ``. _ -``.
            path: of a JSONL, CSV, .xlsx or Parquet file with question, answer or answers, id, cluster.
            scoring: squad, triviaqa, hotpotqa, gsm8k or multilingual; by default by the format.
            columns: the column of each field whose name is another one.

        Raises:
            LabError: saying which lines are wrong.
        """
        file = Path(path)
        data = {"name": name, "scoring": scoring, "map": _pairs(columns)}
        with told(self._api.url), opened([("file", file.name, file)]) as files:
            return self._api.post("/datasets", DatasetAdded, data=data, files=files, timeout=TIMEOUT_S)


def _fields_of(config: _ExperimentInput | _ComparisonInput) -> JsonObject:
    if isinstance(config, str | Path):
        return read_mapping(Path(config))
    if isinstance(config, ExperimentConfig):
        return config.as_json()
    if isinstance(config, ComparisonConfig):
        return config.model_dump(mode="json")
    return dict(config)


def _pairs(columns: Mapping[str, str] | None) -> list[str]:
    return [f"{field}={column}" for field, column in (columns or {}).items()]
