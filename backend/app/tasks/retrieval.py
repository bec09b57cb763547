"""The process that searches and builds indexes for the API: JSON lines in, JSON lines out.

The libraries of embedding models take seconds to import and hundreds of megabytes: the API stays
small, and starts this process with the first search. A line ``{"id": …, "kind": …, …}`` is answered by
any number of ``{"id": …, "progress": [done, total]}``, and one ``{"id": …, "result": …}`` or
``{"id": …, "error": {"message": …, "hint": …, "field": …}}``. It ends when its input does.
"""

import asyncio
import os
import sys
from typing import Any

import orjson

from app.core.config import get_settings
from app.core.embedded.process import die_with_parent
from app.core.logging import configure_logging, get_logger
from app.services.knowledge.searching import KnowledgeSearch
from app.services.local_models.files import ModelUnavailable
from app.services.runtime import open_runtime

log = get_logger(__name__)

_LONGEST_LINE = 1 << 20


class _Lines:
    """Answers on the real standard output; whatever libraries print goes to the log instead."""

    def __init__(self) -> None:
        self._file = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)

    def send(self, message: dict[str, Any]) -> None:
        self._file.write(orjson.dumps(message) + b"\n")


async def serve() -> None:
    """Answer requests until there are no more."""
    lines = _Lines()
    runtime = open_runtime(get_settings())
    search = KnowledgeSearch(runtime)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    tasks: set[asyncio.Task[None]] = set()
    try:
        while line := await reader.readline():
            task = asyncio.create_task(_answer(search, lines, orjson.loads(line)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
    finally:
        for task in tasks:
            task.cancel()
        search.close()
        await runtime.aclose()


async def _answer(search: KnowledgeSearch, lines: _Lines, request: dict[str, Any]) -> None:
    request_id, loop = request["id"], asyncio.get_running_loop()

    def progress(done: int, total: int) -> None:
        loop.call_soon_threadsafe(lines.send, {"id": request_id, "progress": [done, total]})

    try:
        result = await search.answer(request, progress)
        lines.send({"id": request_id, "result": result})
    except ModelUnavailable as error:
        about = {"message": error.message, "hint": error.hint, "field": error.setting}
        lines.send({"id": request_id, "error": about})
    except Exception as error:
        log.exception("retrieval_failed")
        message = f"The search failed: {type(error).__name__}: {error}"
        lines.send({"id": request_id, "error": {"message": message, "hint": "", "field": ""}})


def main() -> None:
    """Serve with the settings of the environment."""
    settings = get_settings()
    configure_logging(settings.log_level, settings.log_format)
    die_with_parent()
    asyncio.run(serve())


if __name__ == "__main__":
    main()
