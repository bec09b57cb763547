"""One experiment: run, followed, read."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, Self, overload
from uuid import UUID

from app.client.api import Api, Query
from app.client.progress import follow_events
from app.core.visible import visible
from app.domain.status import ExperimentStatus
from app.schemas.common import KeysetPage
from app.schemas.experiment import ExperimentOut, ExperimentSummary
from app.schemas.result import RunOut, RunSummary
from app.schemas.scoring import ORIGINAL
from llmforge import frames, markup
from llmforge.errors import LabError, told
from llmforge.progress import progress_bar
from llmforge.result import Result

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_PAGE = 500  # runs


class Experiment:
    """An experiment of the platform.

    Attributes:
        summary: what lists say of it, as of the last call; ``refresh`` asks for it anew.
    """

    def __init__(self, api: Api, summary: ExperimentSummary) -> None:
        self._api = api
        self.summary = summary

    @property
    def id(self) -> UUID:
        """Its id, as in the dashboard's addresses and for every command."""
        return self.summary.id

    @property
    def name(self) -> str:
        """Its name."""
        return self.summary.name

    @property
    def status(self) -> ExperimentStatus:
        """Its status, as of the last call."""
        return self.summary.status

    @property
    def reason(self) -> str | None:
        """Why it failed or was cancelled."""
        return self.summary.reason

    def refresh(self) -> Self:
        """Ask for its status anew."""
        self.details()
        return self

    def details(self) -> ExperimentOut:
        """Return it with its configuration and provenance."""
        with told(self._api.url):
            found = self._api.get(self._path, ExperimentOut)
        self.summary = found
        return found

    def run(self) -> Self:
        """Queue it for a worker; ``follow`` waits for its end.

        Raises:
            LabError: if it was started before, or its model cannot be used.
        """
        return self._change("run")

    def cancel(self) -> Self:
        """End it; answers so far are kept."""
        return self._change("cancel")

    def follow(self) -> Self:
        """Show its progress until it has ended, however it ends: ``status`` and ``reason`` say.

        An interrupt ends the following, not the experiment. A connection that breaks is made anew.

        Raises:
            LabError: if it was not started, or the platform does not come back within two minutes.
        """
        if self.refresh().status is ExperimentStatus.PENDING and not self.summary.queued:
            raise LabError(f"{self.name} was not started.", hint="Call run() first.")
        with told(self._api.url), progress_bar(self.summary.total) as show:
            last = follow_events(self._api, self.id, show)
            show(last.progress.done if last.progress else 0, _ending(last.status, last.reason))
        return self.refresh()

    def result(self, scoring: str = ORIGINAL) -> Result:
        """Return what came out: scores with intervals, latency, tokens, cost, provenance.

        Args:
            scoring: name of a scoring; by default that which it was run with.

        Raises:
            LabError: if it has none, since it has not ended, or failed before the first answer.
        """
        with told(self._api.url):
            return self._api.get(f"/results/{self.id}", Result, scoring=scoring)

    def runs(self, **filters: Query) -> Iterator[RunSummary]:
        """Iterate over its runs; long texts are shortened: ``run_details`` and ``frame`` have all of them.

        Args:
            filters: those of the list of runs in the API, such as ``filter="wrong"``, ``text="Rome"``,
                ``slice=["topic=music"]`` or ``sort="-latency_ms"``.

        Raises:
            LabError: if there is no such filter.
        """
        cursor: str | None = None
        while True:
            place: dict[str, Query] = {} if cursor is None else {"cursor": cursor}
            with told(self._api.url):
                page = self._api.get(
                    f"/results/{self.id}/runs", KeysetPage[RunSummary], **{"limit": _PAGE, **filters, **place}
                )
            yield from page.items
            cursor = page.next
            if cursor is None:
                return

    def run_details(self, run_id: int) -> RunOut:
        """Return one run with every call of a model, as sent and as answered."""
        with told(self._api.url):
            return self._api.get(f"/results/{self.id}/runs/{run_id}", RunOut)

    @overload
    def frame(self, library: Literal["pandas"] = "pandas", scoring: str = ORIGINAL) -> "pd.DataFrame": ...
    @overload
    def frame(self, library: Literal["polars"], scoring: str = ORIGINAL) -> "pl.DataFrame": ...
    def frame(self, library: frames.Library = "pandas", scoring: str = ORIGINAL) -> Any:
        """Return all runs, one a row, with questions, answers, scores and calls.

        The columns are those of the exports. ``gold`` is a list of the accepted answers; ``scores``,
        ``calls``, ``metadata`` and others that are nested hold JSON.

        Args:
            library: pandas or polars, which must be installed.
            scoring: name of a scoring; by default that which it was run with.

        Raises:
            LabError: if the library is not installed, or there is no such scoring.
        """
        with told(self._api.url):
            params: dict[str, Query] = {"format": "parquet", "scoring": scoring}
            parquet = self._api.send("GET", f"/results/{self.id}/export", params=params)
        return frames.of_runs(parquet, library)

    def __repr__(self) -> str:
        return visible(f"<Experiment {str(self.id)[:8]} {self.name}: {_ending(self.status, self.reason)}>")

    def _repr_html_(self) -> str:
        one = self.summary
        rows = [[str(one.id)[:8], one.model, one.method, one.dataset, f"{one.total:,}"]]
        return markup.block(
            markup.title(self.name, _ending(self.status, self.reason)),
            markup.table(["id", "model", "method", "dataset", "runs"], rows),
        )

    @property
    def _path(self) -> str:
        return f"/experiments/{self.id}"

    def _change(self, action: str) -> Self:
        with told(self._api.url):
            self.summary = self._api.post(f"{self._path}/{action}", ExperimentOut)
        return self


def _ending(status: ExperimentStatus, reason: str | None) -> str:
    return f"{status} ({reason})" if reason else str(status)
