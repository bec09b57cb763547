"""The calls of an experiment whose answers come from batch jobs.

A method asks as it always does. A call that is answered by now gets its answer; any other is noted as a line
for the next job, and the sample is *parked*: it is given up for now, and run again from its beginning when
there are new answers. So nothing has to be kept in memory while a provider works for hours, and an agent,
whose second step depends on the first, needs a job for each step and no more.
"""

import asyncio
import hashlib
import uuid
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import replace

import orjson

from app.core.database import Sessions, when_database_answers
from app.domain.batch import BatchLineState
from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import FailureKind
from app.schemas.experiment_config import MAX_REPEATS
from app.services.execution.batch_job_repository import BatchJobRepository, NewLine, StoredLine
from app.services.inference.base import Engine, EngineBase, EngineError
from app.services.inference.batch_api import BatchApi
from app.services.inference.batch_lines import read_response
from app.services.inference.cache import CacheStore, may_be_replayed

_GATHER_S = 0.003  # that a look-up waits for others to join its query
_MOST_LINES = 500  # of an insert
_MOST_CHARS = 4_000_000  # likewise

KeyOf = Callable[[GenerationRequest], str]


asking: ContextVar[int] = ContextVar("asking")
"""Row id of the example that is being answered."""


def _line_key(key: str) -> str:
    """Return the key of a call's line: that of the cache, for this example.

    Of two examples with the same question each is asked for, as in direct calls, and each is paid for once.
    """
    return hashlib.sha256(f"{key} {asking.get()}".encode()).hexdigest()


class Parked(BaseException):
    """The answer is not there yet; the sample is run again when it is."""


class BatchLines:
    """The lines of one experiment: looked up in groups, and added in groups.

    Args:
        sessions: of the database.
        experiment_id: whose lines.
    """

    def __init__(self, sessions: Sessions, experiment_id: uuid.UUID) -> None:
        self._sessions = sessions
        self._experiment_id = experiment_id
        self._lookups: dict[str, asyncio.Future[StoredLine | None]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._new: list[NewLine] = []
        self._chars = 0

    async def get(self, key: str) -> StoredLine | None:
        """Return a line; ``None`` if there is none."""
        future = self._lookups.get(key)
        if future is None:
            future = self._lookups[key] = asyncio.get_running_loop().create_future()
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_up())
        return await asyncio.shield(future)

    async def _look_up(self) -> None:
        await asyncio.sleep(_GATHER_S)
        lookups, self._lookups, self._looking = self._lookups, {}, None

        async def find() -> dict[str, StoredLine]:
            async with self._sessions() as session:
                return await BatchJobRepository(session).find_lines(self._experiment_id, lookups)

        try:
            found = await when_database_answers(find, "read lines of batch jobs")
        except Exception as error:  # noqa: BLE001 - raised where the look-up was made
            for future in lookups.values():
                if not future.done():
                    future.set_exception(error)
                    future.exception()  # whoever waits for it sees it; nobody may
            return
        for key, future in lookups.items():
            if not future.done():
                future.set_result(found.get(key))

    async def add(self, line: NewLine) -> None:
        """Note a call for the next job; it is stored with others, at the latest by ``flush``."""
        self._new.append(line)
        self._chars += len(line.body)
        if len(self._new) >= _MOST_LINES or self._chars >= _MOST_CHARS:
            await self.flush()

    async def flush(self) -> None:
        """Store the calls that were noted."""
        lines, self._new, self._chars = self._new, [], 0
        if not lines:
            return

        async def store() -> None:
            async with self._sessions() as session:
                await BatchJobRepository(session).add_lines(self._experiment_id, lines)
                await session.commit()

        await when_database_answers(store, "store lines of batch jobs")


class NotingEngine(EngineBase):
    """Answers nothing: notes each request for the next job.

    Args:
        lines: of the experiment.
        api: writes the requests.
        key: gives the cache's key of a request.
        noting: false: no more jobs are made.
    """

    def __init__(self, lines: BatchLines, api: BatchApi, key: KeyOf, *, noting: bool) -> None:
        self._lines = lines
        self._api = api
        self._key = key
        self._noting = noting

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Note the request.

        Raises:
            Parked: always.
        """
        if self._noting:
            body = orjson.dumps(self._api.body(request)).decode()
            await self._lines.add(NewLine(_line_key(self._key(request)), body))
        raise Parked


class JobAnswersEngine(EngineBase):
    """Answers with what jobs have brought; asks the inner engine where nothing was asked for yet.

    It comes before the cache: an answer that this experiment has paid for is its own, and not a hit.

    Args:
        inner: the cache, and behind it what notes requests.
        lines: of the experiment.
        store: the cache, where answers are put.
        api: of the jobs.
        key: gives the cache's key of a request.
        votes: answers that the method asks for to one prompt, which one job is to bring.
    """

    def __init__(
        self, inner: Engine, lines: BatchLines, store: CacheStore, api: BatchApi, key: KeyOf, votes: int
    ) -> None:
        self._inner = inner
        self._lines = lines
        self._store = store
        self._api = api
        self._key = key
        self._votes = votes

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request; see ``Engine.generate``.

        Raises:
            Parked: if there is no answer yet.
        """
        try:
            return await self._one(request)
        except Parked:
            await self._note_votes(request)
            raise

    async def _note_votes(self, request: GenerationRequest) -> None:
        """Note the other samples of a vote, which the method would ask for only after this one."""
        repeat = request.repeat % MAX_REPEATS
        for sample in range(self._votes):
            other = replace(request, repeat=repeat + sample * MAX_REPEATS)
            if other != request:
                with suppress(Parked, EngineError):
                    await self._one(other)

    async def _one(self, request: GenerationRequest) -> GenerationResult:
        key = self._key(request)
        line = await self._lines.get(_line_key(key))
        request.clock.lap("job")
        if line is None:
            return await self._inner.generate(request)
        if line.state is BatchLineState.FAILED:
            kind = line.failure_kind or FailureKind.SERVER
            raise EngineError(kind, line.failure_message, attempts=line.tries, final=True)
        if line.state is not BatchLineState.ANSWERED or line.response is None:
            raise Parked
        result = replace(read_response(line.response, self._api.api), attempts=line.tries)
        if may_be_replayed(result):
            self._store.put(key, request.model, result)
        return result

    async def aclose(self) -> None:
        """Close the inner engine."""
        await self._inner.aclose()
