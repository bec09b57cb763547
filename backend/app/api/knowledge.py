"""Routes of knowledge bases."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile

from app.api.deps import IndexesDep, KnowledgeDep, KnowledgeUploadsDep, upload_of
from app.api.errors import body_error_responses, error_responses
from app.schemas.common import KeysetPage, Text, Words
from app.schemas.knowledge import (
    ArticleOut,
    IndexIn,
    IndexOut,
    KnowledgeBaseAdded,
    KnowledgeBaseOut,
    PassageOut,
    SearchIn,
    SearchOut,
    VariantOut,
)
from app.services.knowledge.searching import VariantResult

_MAX_POSITION = 2**31 - 1
Version = Annotated[Text | None, Query(max_length=64)]

router = APIRouter(
    prefix="/knowledge-bases", tags=["knowledge bases"], responses=error_responses(401, 403, 422, 503)
)


@router.get("", operation_id="list_knowledge_bases")
async def list_knowledge_bases(service: KnowledgeDep) -> list[KnowledgeBaseOut]:
    """List all versions of all knowledge bases, by name, the newest first."""
    return [KnowledgeBaseOut.model_validate(row) for row in await service.list_all()]


@router.post("", status_code=201, operation_id="add_knowledge_base", responses=body_error_responses())
async def add_knowledge_base(
    service: KnowledgeUploadsDep,
    name: Annotated[str, Form(description="Lower-case letters, digits, and . _ -")],
    files: Annotated[
        list[UploadFile], File(description="JSONL, JSON, Markdown or text: title, text, section, id.")
    ],
) -> KnowledgeBaseAdded:
    """Import files as a knowledge base, or as a new version of one; one wrong line refuses all of them."""
    row, created, warnings = await service.add(name, [upload_of(file) for file in files])
    about = KnowledgeBaseOut.model_validate(row).model_dump()
    return KnowledgeBaseAdded(**about, created=created, warnings=list(warnings))


@router.get("/{name}", operation_id="get_knowledge_base", responses=error_responses(404))
async def get_knowledge_base(name: Text, service: KnowledgeDep, version: Version = None) -> KnowledgeBaseOut:
    """Return one version of a knowledge base, by default the newest."""
    return KnowledgeBaseOut.model_validate(await service.get(name, version))


@router.get("/{name}/articles", operation_id="list_articles", responses=error_responses(404))
async def list_articles(
    name: Text,
    service: KnowledgeDep,
    version: Version = None,
    text: Annotated[Words, Query(max_length=200, description="Words of the title or id.")] = "",
    cursor: Annotated[
        int,
        Query(ge=-1, le=_MAX_POSITION, description="`next` of the page before; -1: from the first one on."),
    ] = -1,
    limit: Annotated[int, Query(ge=1, le=200)] = 25,
) -> KeysetPage[ArticleOut]:
    """Browse the articles in file order."""
    base = await service.get(name, version)
    rows, total = await service.articles(base.id, text, cursor, limit + 1)
    page = rows[:limit]
    more = len(rows) > limit
    return KeysetPage(
        items=[ArticleOut.model_validate(row) for row in page],
        total=total,
        next=str(page[-1].position) if more else None,
    )


@router.post("/{name}/index", operation_id="get_index", responses=body_error_responses(404))
async def get_index(name: Text, wanted: IndexIn, service: KnowledgeDep, indexes: IndexesDep) -> IndexOut:
    """Return whether an index is on this machine, and the progress of building it."""
    row = await service.get(name, wanted.version)
    return IndexOut.model_validate(await indexes.state(row, wanted.options))


@router.post(
    "/{name}/build", status_code=202, operation_id="build_index", responses=body_error_responses(404)
)
async def build_index(name: Text, wanted: IndexIn, service: KnowledgeDep, indexes: IndexesDep) -> IndexOut:
    """Start to build an index, unless it exists; experiments build the index that they need themselves."""
    row = await service.get(name, wanted.version)
    return IndexOut.model_validate(await indexes.build(row, wanted.options))


@router.post("/{name}/search", operation_id="search_knowledge_base", responses=body_error_responses(404))
async def search_knowledge_base(
    name: Text, wanted: SearchIn, service: KnowledgeDep, indexes: IndexesDep
) -> SearchOut:
    """Search with several retrieval variants; builds the index first if it does not exist."""
    row = await service.get(name, wanted.version)
    found = await indexes.search(row, wanted.options, list(wanted.variants), wanted.query)
    return SearchOut(query=wanted.query, version=row.version, variants=[_variant_out(one) for one in found])


def _variant_out(found: VariantResult) -> VariantOut:
    return VariantOut(
        variant=found.variant,
        passages=[PassageOut.model_validate(passage.as_dict()) for passage in found.passages],
        milliseconds=found.milliseconds,
        message=found.message,
    )
