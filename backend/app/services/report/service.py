"""Reports: reads a comparison and words it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.core.markdown import plain
from app.domain.json import JsonObject
from app.domain.metrics import Estimate
from app.domain.scoring import DEFAULT_MARGIN, ScoreFamily
from app.models import Experiment
from app.schemas.budget import BudgetOut
from app.schemas.comparison import ComparisonOut
from app.schemas.comparison_wording import differences_of, verdicts_of, warnings_of
from app.schemas.experiment_config import Budget
from app.schemas.result import ComparedExample
from app.services.comparisons.examples import ExamplesService
from app.services.comparisons.history import HistoryService
from app.services.comparisons.markdown import table_of
from app.services.comparisons.pairing import RunArrays
from app.services.comparisons.repeats import RepeatedComparisonService
from app.services.comparisons.repeats_report import compared_repeats_out
from app.services.comparisons.report import comparison_out
from app.services.comparisons.repository import RunArraysRepository
from app.services.comparisons.service import ComparisonService
from app.services.comparisons.slice_report import sliced_comparison_out
from app.services.comparisons.slice_service import SlicedComparisonService
from app.services.datasets.repository import DatasetRepository
from app.services.evaluation.statistics.quantiles import median_interval
from app.services.execution.budget import budgets_of
from app.services.labels.summary import LabelSummaries
from app.services.report.content import Report, Section
from app.services.report.cost_section import Budgeted, cost_markdown
from app.services.report.data import ReportData, written
from app.services.report.examples_section import examples_markdown
from app.services.report.figures.prepare import figures_of, setting_of
from app.services.report.history_section import history_markdown
from app.services.report.judges import UsedJudge, used_judges
from app.services.report.labels_section import LabelsShown, labels_section
from app.services.report.method_section import comparison_file, method_markdown
from app.services.report.repeats_section import (
    differences_figure,
    differences_markdown,
    repeats_markdown,
)
from app.services.report.selection_section import selection_markdown
from app.services.report.settling_section import settling_markdown
from app.services.report.slices_section import slices_section
from app.services.results.repeats import RepeatsService
from app.services.results.service import ExperimentResult
from app.services.runtime import Runtime

_EXAMPLES = 4
COMPARISON_FILE = "comparison.yaml"
DATA_FILE = "data.jsonl.gz"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is asked to say.

    Attributes:
        ids: of the experiments; the first is the baseline.
        score: that decides.
        margin: the largest difference of the score that does not matter.
        hypothesis: what was expected; empty to use the description that all experiments have.
        scorings: by which the answers are compared; see ``ResultService.compared``.
        by: fields of the questions, by each of which a section compares slice by slice.
        family: what the comparisons of scores allow for.
    """

    ids: Sequence[uuid.UUID]
    score: str = "exact_match"
    margin: float = DEFAULT_MARGIN
    hypothesis: str = ""
    scorings: Sequence[str] = ()
    by: Sequence[str] = ()
    family: ScoreFamily = "score"


class ReportService:
    """Reads only."""

    def __init__(self, session: AsyncSession, runtime: Runtime) -> None:
        self._session = session
        self._comparisons = ComparisonService(session, runtime)
        self._examples = ExamplesService(session)
        self._slices = SlicedComparisonService(session)
        self._arrays = RunArraysRepository(session)
        self._repeats = RepeatsService(session)
        self._repeated_comparisons = RepeatedComparisonService(session)
        self._labels = LabelSummaries(session)
        self._histories = HistoryService(session)
        self._datasets = DatasetRepository(session)
        self._settings = runtime.settings

    async def report(self, wanted: Wanted) -> Report:
        """Return the report of a comparison.

        Raises:
            InvalidInput: for fewer than two experiments, too many, the same twice, a score that they do not
                share, or a field that does not group the questions.
            NotFound: if one has no result.
            Unavailable: if a file of measured judges cannot be read.
        """
        found = await self._comparisons.compare(wanted.ids, wanted.margin, wanted.scorings, wanted.family)
        comparison = comparison_out(found)
        _require_score(comparison, wanted.score)
        configs: list[JsonObject] = [dict(one.experiment.config) for one in found.results]
        page = await self._examples.compare(
            wanted.ids, wanted.score, "differ", None, _EXAMPLES, wanted.scorings
        )
        examples = [ComparedExample.model_validate(one) for one in page.questions]
        title = title_of(comparison)
        settling = comparison.settling
        budgets = await self._budgets([one.experiment for one in found.results])
        limits = next((one.budget.limits for one in budgets if one.budget.kind == "comparison"), None)
        again = comparison_file(title, configs, comparison.experiments, settling, limits)
        scores = sorted({one.score for one in comparison.differences})
        runs = {
            one.experiment.id: await self._arrays.arrays(
                one.experiment.id, scores, answers=True, scoring_id=one.scoring_id
            )
            for one in found.results
        }
        judges = used_judges(configs, self._settings)
        figures = figures_of(comparison, wanted.score, setting_of(comparison), _medians(runs), judges)
        described = {str(one.get("description") or "") for one in configs}
        # A description that all of them have is that of the comparison; others tell the experiments apart.
        hypothesis = wanted.hypothesis or (described.pop() if len(described) == 1 else "")
        reasons = {one.experiment.id: one.experiment.reason for one in found.results if one.experiment.reason}
        sections = [
            *([Section("Hypothesis", plain(hypothesis))] if hypothesis else []),
            Section("Method", method_markdown(configs, comparison.experiments)),
            *await self._selected([one.experiment for one in found.results]),
            *_remarks(comparison, [one.experiment for one in found.results]),
            Section("Results", "\n".join(table_of(comparison, wanted.score)), tuple(figures)),
            *([Section("Ended early", settling_markdown(comparison, settling))] if settling else []),
            Section("Cost", cost_markdown(comparison.experiments, budgets, reasons)),
            *await self._repeated(comparison, wanted),
            Section("Verdict", _bullets(verdicts_of(comparison, wanted.score))),
            *await self._history(found.results, comparison, wanted),
            *await self._labelled(comparison, wanted),
            *[await self._sliced(comparison, wanted, place) for place in range(len(wanted.by))],
            Section(
                "Looked at by hand",
                examples_markdown(examples, page.total, comparison.experiments, wanted.score),
            ),
            *_limits(comparison, judges),
            Section("Make it again", _commands(wanted, again_by_file=again is not None)),
        ]
        attachments = {DATA_FILE: written(ReportData(comparison, configs, list(runs.values())))}
        if again is not None:
            attachments[COMPARISON_FILE] = again
        return Report(title, tuple(sections), attachments)

    async def _budgets(self, experiments: Sequence[Experiment]) -> list[Budgeted]:
        found: dict[uuid.UUID, Budgeted] = {}
        for one in experiments:
            limits = one.config.get("budget")
            own = None if limits is None else Budget.model_validate(limits)
            for state in await budgets_of(self._session, one, own):
                sharing = found[state.id].experiments if state.id in found else ()
                found[state.id] = Budgeted(BudgetOut.model_validate(state), (*sharing, one.id))
        return list(found.values())

    async def _selected(self, experiments: Sequence[Experiment]) -> list[Section]:
        ids = dict.fromkeys(one.dataset_id for one in experiments)
        found = [await self._datasets.get(one) for one in ids]
        text = selection_markdown([one for one in found if one is not None])
        return [Section("Selected questions", text)] if text else []

    async def _history(
        self, results: Sequence[ExperimentResult], comparison: ComparisonOut, wanted: Wanted
    ) -> list[Section]:
        """Return the runs over time of each of the configurations that was run more than once."""
        first: dict[str, tuple[ExperimentResult, str]] = {}
        for one, shown in zip(results, comparison.experiments, strict=True):
            first.setdefault(one.experiment.config_hash, (one, shown.label))
        texts = []
        for one, label in first.values():
            own = one.experiment.id
            try:
                found = await self._histories.history(own, wanted.score, own, wanted.margin, one.scoring)
            except InvalidInput as error:  # as of one that is older than all that a history has
                texts.append(f"{plain(label)} has no history: {plain(error.message)}")
                continue
            if len(found.steps) > 1:
                texts.append(history_markdown(label, found, wanted.ids, wanted.score, wanted.margin))
        return [Section("History", "\n\n".join(texts))] if texts else []

    async def _repeated(self, comparison: ComparisonOut, wanted: Wanted) -> list[Section]:
        repeated = [
            (one.label, await self._repeats.repeats(one.experiment_id, wanted.score, one.scoring))
            for one in comparison.experiments
        ]
        repeated = [(label, one) for label, one in repeated if one.repeats > 1]
        if not any(one.passes for _, one in repeated):
            return [Section("Repeats", repeats_markdown(repeated))] if repeated else []
        found = await self._repeated_comparisons.compare(wanted.ids, wanted.score, wanted.scorings)
        compared = compared_repeats_out(found)
        text = "\n".join([repeats_markdown(repeated), *differences_markdown(compared)])
        figure = differences_figure(compared, setting_of(comparison))
        return [Section("Repeats", text, (figure,) if figure else ())]

    async def _labelled(self, comparison: ComparisonOut, wanted: Wanted) -> list[Section]:
        names = {one.experiment_id: one.label for one in comparison.experiments}
        found = await self._labels.summary(wanted.ids, wanted.scorings)
        return labels_section(found, LabelsShown(names, wanted.score, setting_of(comparison)))

    async def _sliced(self, comparison: ComparisonOut, wanted: Wanted, place: int) -> Section:
        by = wanted.by[place]
        found = await self._slices.compare(wanted.ids, wanted.score, by, wanted.margin, wanted.scorings)
        sliced = sliced_comparison_out(found, wanted.margin)
        return slices_section(sliced, place + 1, setting_of(comparison))


def _remarks(comparison: ComparisonOut, experiments: Sequence[Experiment]) -> list[Section]:
    """Return what people wrote beside the experiments: tags and notes; none if there are none."""
    lines = []
    for shown, one in zip(comparison.experiments, experiments, strict=True):
        tags = ", ".join(plain(tag) for tag in one.tags)
        said = [*([f"tags {tags}"] if tags else []), *([plain(one.notes)] if one.notes else [])]
        if said:
            lines.append(f"- {plain(shown.label)}: {'. '.join(said)}")
    return [Section("Notes", "\n".join(lines))] if lines else []


def _medians(runs: Mapping[uuid.UUID, RunArrays]) -> dict[uuid.UUID, Estimate]:
    """Return the median latency of each experiment in milliseconds, where enough answers were timed."""
    timed = {one: arrays.values["latency_ms"] for one, arrays in runs.items()}
    found = {one: median_interval(ms[~np.isnan(ms)].tolist()) for one, ms in timed.items()}
    return {one: median for one, median in found.items() if median is not None}


def title_of(comparison: ComparisonOut) -> str:
    """Return what the names of the experiments begin with, or who is compared with whom."""
    first = comparison.experiments[0]
    shared = first.name.removesuffix(first.label).rstrip().removesuffix(":")
    return shared or " against ".join(one.label for one in reversed(comparison.experiments[:2]))


def _require_score(comparison: ComparisonOut, score: str) -> None:
    if differences_of(comparison, score):
        return
    shared = sorted({one.score for one in comparison.differences})
    raise InvalidInput(
        f"The experiments do not share a score {score!r}.",
        hint=f"They share: {', '.join(shared) or 'none'}.",
        errors=[FieldError("score", "not shared")],
    )


def _limits(comparison: ComparisonOut, judges: Sequence[UsedJudge]) -> list[Section]:
    lines = [*warnings_of(comparison), *(one.sentence for one in judges)]
    lines += [f"{one.label}: {line}" for one in comparison.experiments for line in one.metrics.warnings]
    return [Section("Limits", _bullets(lines))] if lines else []


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {plain(line)}" for line in lines)


def _commands(wanted: Wanted, *, again_by_file: bool) -> str:
    ids = " ".join(str(one)[:8] for one in wanted.ids)
    scorings = "".join(f" --scoring {one}" for one in wanted.scorings)
    family = f" --family {wanted.family}" if wanted.family != "score" else ""
    # A key of metadata may hold anything, also what would end the block of code.
    named = [one for one in wanted.by if one.isprintable() and "`" not in one]
    slices = "".join(f" --by {quote(one)}" for one in named)
    lines = ["```sh", f"llmforge report {ids} --metric {wanted.score}{scorings}{family}{slices} --out report"]
    if again_by_file:
        lines += [
            "# the experiments anew, from the file beside this report:",
            f"llmforge report {COMPARISON_FILE} --metric {wanted.score}{family}{slices} --out report",
        ]
    return "\n".join(
        [f"All numbers, and each run, are in `{DATA_FILE}` beside this report.", "", *lines, "```"]
    )
