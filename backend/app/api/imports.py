"""Routes of imports of other harnesses' results."""

from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile

from app.api.deps import HarnessUploadsDep, upload_of
from app.api.errors import body_error_responses, error_responses
from app.schemas.catalog import ColumnsOut
from app.schemas.imported import ImportedOut
from app.services.harnesses.inspection import columns_of_answers

router = APIRouter(prefix="/imports", tags=["imports"], responses=error_responses(401, 403, 422, 503))


@router.post("", status_code=201, operation_id="import_results", responses=body_error_responses())
async def import_results(
    service: HarnessUploadsDep,
    files: Annotated[
        list[UploadFile],
        File(
            description="Inspect's .eval or .json; lm-evaluation-harness's samples_….jsonl with its "
            "results_….json; promptfoo's .json or .jsonl; or JSONL or CSV with questions and outputs."
        ),
    ],
    dataset: Annotated[
        str,
        Form(
            description="Whose questions were asked; a new one is made if there is none of this name. "
            "Empty: named by harness and task."
        ),
    ] = "",
    scoring: Annotated[
        str,
        Form(
            description="How our scores compare answers, for a new dataset: squad, triviaqa, hotpotqa, "
            "gsm8k or multilingual; empty: squad."
        ),
    ] = "",
    columns: Annotated[
        list[str],
        Form(
            alias="map",
            description="Of a plain file: where a field is, as field=column; may be given several times. "
            "Fields: question, answer, answers, id, output, model, error, repeat, latency_ms, "
            "prompt_tokens, completion_tokens, cost_usd, score.NAME.",
        ),
    ] = [],  # noqa: B006 - never changed
) -> list[ImportedOut]:
    """Import results of other harnesses, each evaluation as an experiment that is never run; all or none."""
    done = await service.add([upload_of(one) for one in files], dataset, scoring, columns)
    return [ImportedOut.model_validate(one) for one in done]


@router.post("/columns", operation_id="list_answer_columns", responses=body_error_responses())
async def list_answer_columns(
    file: Annotated[UploadFile, File(description="Its beginning is enough.")],
) -> ColumnsOut:
    """List the columns of a plain file of answers, and which ones an import would read; nothing is stored."""
    return ColumnsOut.model_validate(await columns_of_answers(upload_of(file)))
