"""Commands about knowledge bases."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.cli.client import JsonOption, connected, fail, say
from app.cli.render import console, print_json
from app.client.api import Api
from app.core.config import get_settings
from app.domain.json import JsonObject
from app.domain.rounding import fixed, significant
from app.schemas.knowledge import IndexOut, KnowledgeBaseAdded, KnowledgeBaseOut, SearchOut, VariantOut
from app.schemas.retrieval_config import EMBEDDING_MODEL, RERANKER
from app.services.imports.published_formats import CORPUS, QUERIES
from app.services.knowledge.importers import SUFFIXES

if TYPE_CHECKING:
    from app.services.wikipedia.client import Missing

app = typer.Typer(help="Knowledge bases: add, build, search.", no_args_is_help=True)

_UPLOAD_TIMEOUT_S = 600
_SEARCH_TIMEOUT_S = 3600  # the first search of a knowledge base builds its index
_POLL_S = 0.5
_PREVIEW_CHARS = 160

NameArgument = Annotated[str, typer.Argument(help="Lower-case letters, digits, and . _ -")]
ChunkOption = Annotated[int, typer.Option("--chunk-tokens", help="Most tokens of a chunk, title included.")]
OverlapOption = Annotated[int, typer.Option("--overlap", help="Most tokens that neighbouring chunks share.")]
ModelOption = Annotated[str, typer.Option("--embedding-model", help="Folder, or id on the hub.")]


@app.command("list")
def list_bases(json: JsonOption = False) -> None:
    """List all versions of all knowledge bases, and whether their index is built."""
    with connected() as api:
        found = [(row, _index(api, row)) for row in api.get("/knowledge-bases", list[KnowledgeBaseOut])]
        if json:
            print_json([{**row.model_dump(), "index": index} for row, index in found])
            return
        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in ("Name", "Version", "Articles", "Index", "Licence", "Description"):
            table.add_column(column, justify="right" if column == "Articles" else "left")
        for row, index in found:
            built = f"{index.chunks:,} chunks" if index.chunks is not None else index.state
            cells = (row.version, f"{row.size:,}", built, row.licence, row.description)
            table.add_row(row.name, *(escape(cell) for cell in cells))
        console.print(table)


def _index(api: Api, row: KnowledgeBaseOut) -> IndexOut:
    return api.post(f"/knowledge-bases/{row.name}/index", IndexOut, json={"version": row.version})


@app.command("add")
def add_base(
    name: NameArgument,
    paths: Annotated[
        list[Path],
        typer.Argument(
            help=f"Files or folders ({' '.join(SUFFIXES)}) with title, text, section, id. "
            "Or a published file of HotpotQA or SQuAD, or a BEIR folder."
        ),
    ],
    json: JsonOption = False,
) -> None:
    """Import files as a version of a knowledge base; if a line is wrong, nothing is imported."""
    files = [("files", (label, data)) for label, data in _read(paths)]
    with connected() as api:
        _add(api, name, files, json)


def _add(api: Api, name: str, files: list[tuple[str, tuple[str, bytes]]], json: bool) -> None:
    """Upload files and print the result."""
    form = {"name": name}
    row = api.post("/knowledge-bases", KnowledgeBaseAdded, data=form, files=files, timeout=_UPLOAD_TIMEOUT_S)
    if json:
        print_json(row)
        return
    what = "added" if row.created else "exists already:"
    say(f"{what} {row.name} {row.version} ({row.size:,} articles)")
    for warning in row.warnings:
        say(f"warning: {warning}")
    say(f"`llmforge kb build {row.name}` builds its index; without it, the first search or experiment does.")


def _read(paths: list[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file; the name of a file in a folder is its path in the folder.

    Of a BEIR folder only the corpus is read: queries and judgements are not articles.
    """
    for path in paths:
        folder = path.is_dir()
        beir = folder and all((path / name).is_file() for name in (CORPUS, QUERIES))
        found = [path / CORPUS] if beir else path.rglob("*")
        inside = sorted(one for one in found if folder and one.suffix.lower() in SUFFIXES)
        if folder and not inside:
            raise fail(f"The folder {path} has no file that ends in {', '.join(SUFFIXES)}.")
        for file in inside or [path]:
            try:
                yield (file.relative_to(path).as_posix() if inside else file.name), file.read_bytes()
            except OSError as error:
                raise fail(f"Cannot read {file}: {error.strerror}.") from error


@app.command("build")
def build(
    name: NameArgument,
    chunk_tokens: ChunkOption = 256,
    overlap: OverlapOption = 50,
    embedding_model: ModelOption = EMBEDDING_MODEL,
    json: JsonOption = False,
) -> None:
    """Build the index of a knowledge base; only new texts are embedded."""
    wanted = {"options": _options(chunk_tokens, overlap, embedding_model)}
    with connected() as api:
        state = api.post(f"/knowledge-bases/{name}/build", IndexOut, json=wanted)
        state = _follow(api, name, wanted, state, show=not json)
        if state.chunks is None:
            raise fail(f"The index of {name} was not built. {state.message}")
        if json:
            print_json(state)
        else:
            say(f"built {name}: {state.chunks:,} chunks (index {state.name})")


def _follow(api: Api, name: str, wanted: JsonObject, state: IndexOut, *, show: bool) -> IndexOut:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not show) as bar:
        task = bar.add_task("embedding", total=None)
        while state.state == "building":
            bar.update(task, completed=state.done, total=state.total or None)
            time.sleep(_POLL_S)
            state = api.post(f"/knowledge-bases/{name}/index", IndexOut, json=wanted)
    return state


@app.command("search")
def search(
    query: Annotated[str, typer.Argument(help="A question or words.")],
    base: Annotated[str, typer.Option("--kb", help="The knowledge base.")] = "encyclopedia",
    variant: Annotated[
        list[str] | None, typer.Option(help="naive, hybrid or reranked; may be given several times.")
    ] = None,
    top_k: Annotated[int, typer.Option(help="Passages for each variant.")] = 5,
    chunk_tokens: ChunkOption = 256,
    overlap: OverlapOption = 50,
    embedding_model: ModelOption = EMBEDDING_MODEL,
    reranker: Annotated[str, typer.Option(help="Folder, or id on the hub.")] = RERANKER,
    json: JsonOption = False,
) -> None:
    """Search a knowledge base; builds its index first if there is none."""
    options = {**_options(chunk_tokens, overlap, embedding_model), "top_k": top_k, "reranker": reranker}
    body = {"query": query, "variants": variant or ["hybrid"], "options": options}
    with connected() as api:
        path = f"/knowledge-bases/{base}/search"
        found = api.post(path, SearchOut, json=body, timeout=_SEARCH_TIMEOUT_S)
        if json:
            print_json(found)
            return
        for one in found.variants:
            _print_variant(one)


def _print_variant(found: VariantOut) -> None:
    total = sum(found.milliseconds.values())
    console.print(f"\n[bold]{found.variant}[/bold]  {fixed(total, 0)} ms", highlight=False)
    if found.message:
        console.print(f"  {escape(found.message)}", highlight=False)
    for rank, passage in enumerate(found.passages, start=1):
        stages = ", ".join(
            f"{name} {hit.rank} ({significant(hit.score):.3g})" for name, hit in passage.stages.items()
        )
        text = " ".join(passage.text.split())
        text = text if len(text) <= _PREVIEW_CHARS else text[:_PREVIEW_CHARS] + "…"
        title = escape(passage.title or passage.id)
        console.print(f"  {rank}. [bold]{title}[/bold]  {stages}\n     {escape(text)}", highlight=False)


def _options(chunk_tokens: int, overlap: int, embedding_model: str) -> JsonObject:
    return {
        "name": "rag",
        "chunk_tokens": chunk_tokens,
        "chunk_overlap": overlap,
        "embedding_model": embedding_model,
    }


@app.command("fetch-wikipedia")
def fetch_wikipedia(
    titles: Annotated[Path, typer.Argument(help="A text file with one title per line.")],
    name: Annotated[str, typer.Option(help="Name of the knowledge base.")] = "wikipedia",
    json: JsonOption = False,
) -> None:
    """Fetch articles from Wikipedia, each only once, and add them as a knowledge base."""
    from app.services.wikipedia.client import WikipediaUnreachable

    try:
        lines = titles.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise fail(f"Cannot read {titles}: {error}.") from error
    wanted = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not wanted:
        raise fail(f"{titles} has no titles.", "Write one title per line.")
    try:
        rows, missing = asyncio.run(_fetch(wanted, show=not json))
    except WikipediaUnreachable as error:
        raise fail(str(error), "What was fetched is kept; run the command again.") from error
    for one in missing:
        near = f" Nearest titles: {', '.join(one.nearest)}." if one.nearest else ""
        say(f"No article {one.title!r}.{near}")
    if not rows:
        raise fail("None of the titles has an article.")
    data = b"\n".join(rows)
    with connected() as api:
        files = [("files", (f"{titles.stem}.jsonl", data))]
        _add(api, name, files, json)
    if missing:
        raise typer.Exit(1)


async def _fetch(titles: list[str], *, show: bool) -> tuple[list[bytes], list["Missing"]]:
    import orjson

    from app.services.wikipedia.client import WikipediaClient, fetch_articles

    settings = get_settings()
    columns = (TextColumn("fetching"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not show) as bar:
        task = bar.add_task("", total=len(titles))
        async with WikipediaClient(
            cache_dir=settings.wikipedia_dir,
            base_url=settings.wikipedia_url,
            attempts=settings.wikipedia_attempts,
        ) as client:
            articles, missing = await fetch_articles(
                client, titles, lambda done, total: bar.update(task, completed=done, total=total)
            )
    rows = [
        orjson.dumps(
            {
                "id": article.key,
                "title": article.title,
                "sections": [{"heading": part.heading, "text": part.text} for part in article.sections],
            }
        )
        for article in articles
    ]
    return rows, missing
