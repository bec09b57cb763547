"""Routes of datasets."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile

from app.api.deps import DatasetsDep, DatasetUploadsDep, SelectionsDep, upload_of
from app.api.errors import body_error_responses, error_responses
from app.schemas.catalog import ColumnsOut, DatasetAdded, DatasetOut, ExampleOut
from app.schemas.common import KeysetPage, Text
from app.schemas.selection import RunsSelection, SelectionCreate

_MAX_POSITION = 2**31 - 1

router = APIRouter(prefix="/datasets", tags=["datasets"], responses=error_responses(401, 403, 422, 503))


@router.get("", operation_id="list_datasets")
async def list_datasets(service: DatasetsDep) -> list[DatasetOut]:
    """List all versions of all datasets, by name, the newest first."""
    return [DatasetOut.model_validate(row) for row in await service.list_all()]


@router.post("", status_code=201, operation_id="add_dataset", responses=body_error_responses())
async def add_dataset(
    service: DatasetUploadsDep,
    name: Annotated[str, Form(description="Lower-case letters, digits, and . _ -")],
    file: Annotated[
        UploadFile | None,
        File(
            description="JSONL, CSV, .xlsx or Parquet: question, answer or answers, id, cluster; "
            "or the JSON or JSONL of TriviaQA, HotpotQA, SQuAD or GSM8K, as published."
        ),
    ] = None,
    files: Annotated[
        list[UploadFile],
        File(description="Instead, a BEIR folder: corpus.jsonl, queries.jsonl, qrels.tsv or qrels/test.tsv."),
    ] = [],  # noqa: B006 - never changed
    scoring: Annotated[
        str, Form(description="squad, triviaqa, hotpotqa, gsm8k or multilingual; empty: by the format.")
    ] = "",
    columns: Annotated[
        list[str],
        Form(
            alias="map",
            description="Where a field is, as field=column; may be given several times. A point leads into "
            "an object (answer=answer.value); without a column (id=) a field is not read.",
        ),
    ] = [],  # noqa: B006 - never changed
) -> DatasetAdded:
    """Import files as a dataset, or as a new version of one; one wrong line or item refuses all of it."""
    uploads = files if file is None else [file, *files]
    given = [upload_of(one) for one in uploads]
    dataset, created, warnings = await service.add(name, given, scoring, columns)
    about = DatasetOut.model_validate(dataset).model_dump()
    return DatasetAdded(**about, created=created, warnings=list(warnings))


@router.post(
    "/selections", status_code=201, operation_id="select_dataset", responses=body_error_responses(404)
)
async def select_dataset(body: SelectionCreate, service: SelectionsDep) -> DatasetAdded:
    """Make a dataset of the questions that a filter of runs, or of a comparison, selects."""
    wanted = body.selection
    if isinstance(wanted, RunsSelection):
        filters = wanted.filters.model_dump(mode="json", exclude_defaults=True)
        found = await service.from_runs(body.name, wanted.experiment_id, wanted.filters.selection(), filters)
    else:
        found = await service.from_comparison(
            body.name, wanted.ids, wanted.score, wanted.outcome, wanted.scorings
        )
    about = DatasetOut.model_validate(found.dataset).model_dump()
    return DatasetAdded(**about, created=found.created, warnings=[])


@router.post("/columns", operation_id="list_columns", responses=body_error_responses())
async def list_columns(
    service: DatasetUploadsDep,
    file: Annotated[UploadFile, File(description="As for an import; the first part of a text file will do.")],
) -> ColumnsOut:
    """List the columns of a file, and which ones an import would read; nothing is stored."""
    return ColumnsOut.model_validate(await service.columns(upload_of(file)))


@router.get("/{name}", operation_id="get_dataset", responses=error_responses(404))
async def get_dataset(
    name: Text, service: DatasetsDep, version: Annotated[Text | None, Query(max_length=64)] = None
) -> DatasetOut:
    """Return one version of a dataset, by default the newest."""
    return DatasetOut.model_validate(await service.get(name, version))


@router.get("/{name}/examples", operation_id="list_examples", responses=error_responses(404))
async def list_examples(
    name: Text,
    service: DatasetsDep,
    version: Annotated[Text | None, Query(max_length=64)] = None,
    cursor: Annotated[
        int,
        Query(ge=-1, le=_MAX_POSITION, description="`next` of the page before; -1: from the first one on."),
    ] = -1,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> KeysetPage[ExampleOut]:
    """Browse the examples in file order."""
    dataset = await service.get(name, version)
    rows = await service.examples(dataset.id, cursor, limit)
    more = bool(rows) and rows[-1].position < dataset.size - 1
    return KeysetPage(
        items=[ExampleOut.model_validate(row) for row in rows],
        total=dataset.size,
        next=str(rows[-1].position) if more else None,
    )
