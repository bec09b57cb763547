"""Routes of results and runs."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse

from app.api.deps import (
    AgreementsDep,
    ComparisonsDep,
    ExamplesDep,
    ExportsDep,
    Family,
    HistoriesDep,
    OneScoring,
    RepeatedComparisonsDep,
    RepeatsDep,
    ResultsDep,
    RunMapDep,
    Scorings,
    SlicedComparisonsDep,
    SlicesDep,
    StageComparisonsDep,
)
from app.api.errors import error_responses
from app.core.errors import FieldError, InvalidInput
from app.domain.comparison_filter import AgreementFilter
from app.domain.scoring import DEFAULT_MARGIN
from app.schemas.common import KeysetPage, Text
from app.schemas.compared_repeats import ComparedRepeatsOut
from app.schemas.comparison import ComparisonOut
from app.schemas.history import HistoryOut
from app.schemas.imported import HarnessAgreementOut, HarnessAgreementsOut
from app.schemas.repeats import RepeatsOut
from app.schemas.result import ComparedExample, Metrics, ResultOut, RunMap, RunOut, RunSummary
from app.schemas.run_list import RunListQuery, SlicesOut
from app.schemas.scoring import ORIGINAL
from app.schemas.slice_comparison import SlicedComparisonOut
from app.schemas.stage_comparison import StageComparisonOut
from app.services.comparisons.history_report import history_out
from app.services.comparisons.repeats_report import compared_repeats_out
from app.services.comparisons.report import comparison_out
from app.services.comparisons.slice_report import sliced_comparison_out
from app.services.comparisons.stage_report import stage_comparison_out
from app.services.evaluation.metrics.stored import metrics_out
from app.services.harnesses.exports.service import ALL_MEDIA_TYPES, AnyFormat

_MAX_ID = 2**63 - 1
_OUTCOME_HELP = (
    "all; differ, same: whether the values of the score are equal in the experiments that have the question, "
    "two at least, where failed runs equal each other and no value; both, only_first, only_second, neither: "
    "which of the first two experiments has a value of 1, among the questions that both have a value for; "
    "failed: a run of any failed; misread: any answered wrong though an accepted answer was in the prompt; "
    "labelled_wrong: any that most people's labels call wrong."
)
Score = Annotated[Text, Query(min_length=1, max_length=100, description="Name of a score.")]
ComparedIds = Annotated[
    list[uuid.UUID],
    Query(description="2 to 12; the first is the baseline, unless `baseline` names another."),
]
Baseline = Annotated[uuid.UUID | None, Query(description="One of the ids.")]
Margin = Annotated[
    float,
    Query(
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="Of equivalence: the largest difference that does not matter; .02 is 2 points.",
    ),
]

router = APIRouter(prefix="/results", tags=["results"], responses=error_responses(401, 403, 404, 422, 503))


# Before the routes with an id, which would match "compare" as one.
@router.get("/compare", operation_id="compare_results")
async def compare_results(
    service: ComparisonsDep,
    ids: ComparedIds,
    baseline: Baseline = None,
    margin: Margin = DEFAULT_MARGIN,
    scoring: Scorings = [],  # noqa: B006
    family: Family = "score",
) -> ComparisonOut:
    """Compare experiments with a baseline: differences on the same questions, with intervals and tests."""
    ids, scoring = _with_baseline(ids, scoring, baseline)
    return comparison_out(await service.compare(ids, margin, scoring, family))


def _with_baseline(
    ids: list[uuid.UUID], scorings: list[str], baseline: uuid.UUID | None
) -> tuple[list[uuid.UUID], list[str]]:
    """Return ids, and scorings that are named for each of them, with the baseline's at the head.

    Raises:
        InvalidInput: if the baseline is none of the ids.
    """
    if baseline is None:
        return ids, scorings
    if baseline not in ids:
        raise InvalidInput(
            f"The baseline {baseline} is none of the ids.",
            errors=[FieldError("baseline", "not among ids")],
        )
    first = ids.index(baseline)
    if len(scorings) == len(ids):
        scorings = [scorings[first], *scorings[:first], *scorings[first + 1 :]]
    return [baseline, *(one for one in ids if one != baseline)], scorings


@router.get("/compare/stages", operation_id="compare_stages")
async def compare_stages(
    service: StageComparisonsDep,
    ids: Annotated[list[uuid.UUID], Query(description="2 to 12; the first is the baseline.")],
) -> StageComparisonOut:
    """Compare experiments by where the time of a question goes, stage by stage, with intervals and tests."""
    return stage_comparison_out(await service.compare(ids))


@router.get("/compare/slices", operation_id="compare_slices")
async def compare_slices(
    service: SlicedComparisonsDep,
    ids: ComparedIds,
    score: Score = "exact_match",
    by: Annotated[
        Text,
        Query(
            max_length=300,
            description="A field of the questions: a key of their metadata, or `question_length`; empty: the "
            "first that groups them. Many numbers are put into quarters.",
        ),
    ] = "",
    baseline: Baseline = None,
    margin: Margin = DEFAULT_MARGIN,
    scoring: Scorings = [],  # noqa: B006
) -> SlicedComparisonOut:
    """Compare one score slice by slice of the questions (topic, difficulty, …), adjusted for all slices."""
    ids, scoring = _with_baseline(ids, scoring, baseline)
    return sliced_comparison_out(await service.compare(ids, score, by, margin, scoring), margin)


@router.get("/compare/repeats", operation_id="compare_repeats")
async def compare_repeats(
    service: RepeatedComparisonsDep,
    ids: ComparedIds,
    score: Score = "exact_match",
    baseline: Baseline = None,
    scoring: Scorings = [],  # noqa: B006
) -> ComparedRepeatsOut:
    """Compare pass@k and pass^k of experiments whose questions were asked repeatedly, adjusted for all k."""
    ids, scoring = _with_baseline(ids, scoring, baseline)
    return compared_repeats_out(await service.compare(ids, score, scoring))


@router.get("/compare/examples", operation_id="compare_examples")
async def compare_examples(
    service: ExamplesDep,
    ids: Annotated[list[uuid.UUID], Query(description="Two or more, as for the comparison.")],
    score: Score = "exact_match",
    outcome: Annotated[AgreementFilter, Query(description=_OUTCOME_HELP)] = "differ",
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 25,
    scoring: Scorings = [],  # noqa: B006
) -> KeysetPage[ComparedExample]:
    """List questions with the run of each experiment, in the order of the first one's questions."""
    page = await service.compare(ids, score, outcome, cursor, limit, scoring)
    items = [ComparedExample.model_validate(question) for question in page.questions]
    return KeysetPage(items=items, total=page.total, next=page.next)


@router.get("/{experiment_id}", operation_id="get_result")
async def get_result(
    experiment_id: uuid.UUID, service: ComparisonsDep, scoring: OneScoring = ORIGINAL
) -> ResultOut:
    """Return the result: metrics, configuration, provenance."""
    return ResultOut.model_validate(await service.report(experiment_id, scoring))


@router.get("/{experiment_id}/metrics", operation_id="get_metrics")
async def get_metrics(experiment_id: uuid.UUID, service: ResultsDep) -> Metrics:
    """Return the metrics alone."""
    found = await service.result(experiment_id)
    return metrics_out(found.result.metrics)


@router.get("/{experiment_id}/runs", operation_id="list_runs")
async def list_runs(
    experiment_id: uuid.UUID,
    service: ResultsDep,
    query: Annotated[RunListQuery, Query()],
) -> KeysetPage[RunSummary]:
    """List runs: those that pass all filters, in the order in which they were stored or in that of `sort`."""
    page = await service.runs(experiment_id, query.selection(), query.sort, query.cursor, query.limit)
    items = [RunSummary.model_validate(run) for run in page.runs]
    return KeysetPage(items=items, total=page.total, next=page.next)


@router.get("/{experiment_id}/slices", operation_id="get_slices")
async def get_slices(
    experiment_id: uuid.UUID,
    service: SlicesDep,
    score: Score = "exact_match",
    scoring: OneScoring = ORIGINAL,
) -> SlicesOut:
    """Return one score by what the dataset says of its questions (topic, difficulty, …), with intervals."""
    return SlicesOut.model_validate(await service.slices(experiment_id, score, scoring))


@router.get("/{experiment_id}/agreements", operation_id="get_agreements")
async def get_agreements(
    experiment_id: uuid.UUID, service: AgreementsDep, scoring: OneScoring = ORIGINAL
) -> HarnessAgreementsOut:
    """Return how often the scores of the harness that an experiment was imported from agree with ours."""
    found = await service.agreements(experiment_id, scoring)
    return HarnessAgreementsOut(agreements=[HarnessAgreementOut.model_validate(one) for one in found])


@router.get("/{experiment_id}/repeats", operation_id="get_repeats")
async def get_repeats(
    experiment_id: uuid.UUID,
    service: RepeatsDep,
    score: Score = "exact_match",
    scoring: OneScoring = ORIGINAL,
) -> RepeatsOut:
    """Return what varies between questions, and what when one is asked again: variance, pass@k, flicker."""
    return RepeatsOut.model_validate(await service.repeats(experiment_id, score, scoring))


@router.get("/{experiment_id}/history", operation_id="get_history")
async def get_history(
    experiment_id: uuid.UUID,
    service: HistoriesDep,
    score: Score = "exact_match",
    reference: Annotated[
        uuid.UUID | None, Query(description="One of the same configuration; default: the first.")
    ] = None,
    margin: Margin = DEFAULT_MARGIN,
    scoring: OneScoring = ORIGINAL,
) -> HistoryOut:
    """Return the experiments of the same configuration over time, each against a reference."""
    found = await service.history(experiment_id, score, reference, margin, scoring)
    return history_out(found, score, margin)


@router.get("/{experiment_id}/map", operation_id="get_run_map")
async def get_run_map(
    experiment_id: uuid.UUID,
    service: RunMapDep,
    score: Score = "exact_match",
    limit: Annotated[int, Query(ge=1, le=100_000)] = 20_000,
    scoring: OneScoring = ORIGINAL,
) -> RunMap:
    """Return the state of every run by one score; also while the experiment runs."""
    return RunMap.model_validate(await service.states(experiment_id, score, limit, scoring))


@router.get("/{experiment_id}/runs/{run_id}", operation_id="get_run")
async def get_run(
    experiment_id: uuid.UUID,
    run_id: Annotated[int, Path(ge=1, le=_MAX_ID)],
    service: ResultsDep,
    scoring: OneScoring = ORIGINAL,
) -> RunOut:
    """Return one run with every model call, as sent and as answered."""
    return RunOut.model_validate(await service.run(experiment_id, run_id, scoring))


@router.get(
    "/{experiment_id}/export",
    operation_id="export_runs",
    response_class=StreamingResponse,
    responses={200: {"description": "The file, streamed.", "content": {t: {} for t in ALL_MEDIA_TYPES}}},
)
async def export_results(
    experiment_id: uuid.UUID,
    service: ExportsDep,
    fmt: Annotated[AnyFormat, Query(alias="format")] = "jsonl",
    scoring: OneScoring = ORIGINAL,
) -> StreamingResponse:
    """Download all runs with questions, answers, scores and calls, or the log of another harness.

    Logs of other harnesses hold what these have fields for.
    """
    file = await service.file(experiment_id, fmt, scoring)
    headers = {"content-disposition": f'attachment; filename="{file.name}"'}
    return StreamingResponse(file.pieces, media_type=file.media_type, headers=headers)
