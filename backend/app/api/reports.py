"""Routes of reports."""

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from app.api.deps import DrawingsDep, Family, MatricesDep, MatrixReportsDep, ReportsDep, Scorings
from app.api.errors import error_responses
from app.domain.scoring import DEFAULT_MARGIN
from app.schemas.common import Text
from app.services.report.matrix_report import matrix_report
from app.services.report.service import Wanted
from app.services.report.written import archive_of, files_of

_ZIP, _HTML = "application/zip", "text/html"

Format = Annotated[Literal["zip", "html"], Query(alias="format")]

router = APIRouter(prefix="/reports", tags=["reports"], responses=error_responses(401, 403, 404, 422, 503))


@router.get(
    "",
    operation_id="make_report",
    response_class=Response,
    responses={200: {"description": "The file.", "content": {_ZIP: {}, _HTML: {}}}},
)
async def make_report(
    service: ReportsDep,
    drawings: DrawingsDep,
    ids: Annotated[list[uuid.UUID], Query(description="2 to 12; the first is the baseline.")],
    score: Annotated[Text, Query(min_length=1, max_length=100, description="That decides.")] = "exact_match",
    margin: Annotated[
        float,
        Query(gt=0, le=1, allow_inf_nan=False, description="The largest difference that does not matter."),
    ] = DEFAULT_MARGIN,
    hypothesis: Annotated[
        Text, Query(max_length=5_000, description="What was expected; else the experiments' description.")
    ] = "",
    scoring: Scorings = [],  # noqa: B006
    by: Annotated[
        list[Text], Query(max_length=5, description="Fields of the questions, to compare slice by slice.")
    ] = [],  # noqa: B006
    family: Family = "score",
    fmt: Format = "zip",
) -> Response:
    """Return the report of a comparison: one HTML file, or all of it as a ZIP archive."""
    report = await service.report(Wanted(ids, score, margin, hypothesis, scoring, by, family))
    files = files_of(report, await drawings.drawn(report))
    content = files["report.html"] if fmt == "html" else archive_of(files)
    return _file(content, fmt)


@router.get(
    "/matrices/{matrix_id}",
    operation_id="make_matrix_report",
    response_class=Response,
    responses={200: {"description": "The file.", "content": {_ZIP: {}, _HTML: {}}}, **error_responses(409)},
)
async def make_matrix_report(
    matrix_id: uuid.UUID,
    service: MatricesDep,
    reports: MatrixReportsDep,
    drawings: DrawingsDep,
    fmt: Format = "zip",
) -> Response:
    """Return the report of an optimisation matrix, as far as it has been run."""
    report = matrix_report(await reports.report(await service.get(matrix_id)))
    files = files_of(report, await drawings.drawn(report))
    return _file(files["report.html"] if fmt == "html" else archive_of(files), fmt)


def _file(content: bytes, fmt: str) -> Response:
    return Response(
        content,
        media_type=_HTML if fmt == "html" else _ZIP,
        headers={"content-disposition": f'attachment; filename="report.{fmt}"'},
    )
