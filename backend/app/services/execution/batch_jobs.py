"""The batch jobs of one experiment: made, watched, read and cancelled, step by step.

Whatever a step is about to change at the provider is stored before, and what came of it after. A process may
be killed in between: then nobody here knows whether the provider has accepted the file, or the job. Whoever
goes on looks for the file by its name and for the job by its file, before either is made. Reading costs
nothing, and is begun again.
"""

import asyncio
import hashlib
import tempfile
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import IO, Any, TypeVar, cast

from app.core.database import Session, Sessions, when_database_answers
from app.core.logging import get_logger
from app.domain.batch import BatchJobState, LineOutcome, ProviderBatch
from app.domain.json import JsonObject
from app.domain.status import FailureKind
from app.models import BatchJob
from app.services.execution.batch_job_repository import BatchJobRepository
from app.services.execution.lease import LeaseLost
from app.services.execution.resources import ExperimentFailed
from app.services.inference.base import EngineError
from app.services.inference.batch_api import MAX_FILE_BYTES, BatchApi
from app.services.inference.batch_lines import read_line, request_line

log = get_logger(__name__)

T = TypeVar("T")

_GROWTH = 1.5  # of the pauses between two looks
_PAGE = 500  # lines that are read or stored at once
_SPOOLED_BYTES = 16_000_000  # of a file of requests that stay in memory
_MOST_ERRORS = 40  # requests in a row that fail before a job exists: hours, with growing pauses
_MOST_ERRORS_OF_JOB = 400  # likewise when it exists, and answers are paid for: more than a day
_MOST_ERRORS_OF_CANCEL = 8
_CANCEL_PAUSE_S = 15.0  # between two looks at a job that is being cancelled, at most
_LIMITS = frozenset({"token_limit_exceeded", "rate_limit_exceeded", "request_limit_exceeded"})
"""Why a provider refuses a job that it may accept later."""


class BatchJobs:
    """See the module's text.

    Attributes:
        brought: whether a job has ended since this object was made.

    Args:
        sessions: of the database.
        experiment_id: whose jobs.
        lease: under which they are worked on.
        api: of the provider, open.
        max_tries: of a line, whose failure may pass.
        poll_s: from the start of a job to the first look.
        longest_poll_s: between two looks at most.
        most_lines: of a job.
        discount: what the calls cost less, as a share of the price.
    """

    def __init__(
        self,
        sessions: Sessions,
        experiment_id: uuid.UUID,
        lease: uuid.UUID,
        api: BatchApi,
        *,
        max_tries: int,
        poll_s: float,
        longest_poll_s: float,
        most_lines: int,
        discount: float,
    ) -> None:
        self._sessions = sessions
        self._experiment_id = experiment_id
        self._lease = lease
        self._api = api
        self._max_tries = max_tries
        self._poll_s = poll_s
        self._longest_poll_s = longest_poll_s
        self._most_lines = most_lines
        self._discount = discount
        self._delay_s = 0.0
        self.brought = False

    # -- what is called in turn -----------------------------------------------------------------

    async def plan(self) -> None:
        """Make jobs of all lines that wait for one; nothing is sent yet."""

        async def plan(session: Session) -> bool:
            return await BatchJobRepository(session).plan(
                self._experiment_id, self._most_lines, MAX_FILE_BYTES, self._delay_s, self._discount
            )

        while await self._stored(plan, "make a batch job"):
            pass

    async def submit(self) -> None:
        """Start the jobs at the provider that are planned, and due.

        Raises:
            ExperimentFailed: if the provider refuses one for good.
            LeaseLost: if another executor has taken over.
        """
        for job in await self._due():
            if job.batch_id is None:
                await self._tried(job, self._start, _MOST_ERRORS)

    async def advance(self) -> None:
        """Look at the jobs that are due, and start those that are not at the provider yet.

        Raises:
            ExperimentFailed: if the provider refuses one for good.
            LeaseLost: if another executor has taken over.
        """
        for job in await self._due():
            if job.batch_id is not None:
                await self._tried(job, self._look, _MOST_ERRORS_OF_JOB)
        await self.submit()

    async def settle(self) -> None:
        """Cancel the jobs, and read what they have answered once they have ended.

        Raises:
            LeaseLost: if another executor has taken over.
        """
        for job in await self.live():
            if not job.cancel_asked:
                await self._tried(job, self._ask_for_end, _MOST_ERRORS_OF_CANCEL)
        for job in await self._due():
            if job.cancel_asked:
                await self._tried(job, self._look, _MOST_ERRORS_OF_CANCEL)

    async def live(self) -> list[BatchJob]:
        """Return the jobs that have not ended."""

        async def read(session: Session) -> list[BatchJob]:
            return await BatchJobRepository(session).live(self._experiment_id)

        return await self._stored(read, "read batch jobs")

    async def _due(self) -> list[BatchJob]:
        async def read(session: Session) -> list[BatchJob]:
            repository = BatchJobRepository(session)
            live = await repository.live(self._experiment_id)
            waits_s = await repository.seconds_until_due([one.id for one in live])
            return [one for one in live if waits_s[one.id] <= 0]

        return await self._stored(read, "read batch jobs")

    # -- one job --------------------------------------------------------------------------------

    async def _tried(
        self, job: BatchJob, step: Callable[[BatchJob], Awaitable[None]], most_errors: int
    ) -> None:
        """Take a step; if the provider does not do what it is asked for, try again later, or give up."""
        try:
            await step(job)
        except EngineError as error:
            errors = job.errors + 1
            log.warning("batch_job_error", job=str(job.id), kind=error.kind, errors=errors)
            if not job.cancel_asked and not error.kind.retryable:
                await self._change(job, state=BatchJobState.DONE, last_error=error.message)
                raise ExperimentFailed(f"The provider's batch API: {error.message}") from error
            if errors >= most_errors:
                await self._end(job, last_error=error.message)
                if not job.cancel_asked:
                    raise ExperimentFailed(
                        f"The provider's batch API has failed {errors} times in a row. Last: {error.message}"
                    ) from error
                return
            pause_s = max(self._pause_s(errors), error.retry_after_s or 0.0)
            await self._change(
                job, min(pause_s, self._longest_poll_s), errors=errors, last_error=error.message
            )

    async def _start(self, job: BatchJob) -> None:
        if job.file_id is None:
            await self._upload(job)
        await self._create(job)

    async def _upload(self, job: BatchJob) -> None:
        found = None
        if job.state == BatchJobState.UPLOADING:  # an upload was begun, and nobody knows what came of it
            found = await self._api.find_file(job.file_name)
        else:
            await self._change(job, state=BatchJobState.UPLOADING)
        digest = job.input_sha256
        if found is None:
            with tempfile.SpooledTemporaryFile(max_size=_SPOOLED_BYTES) as spooled:
                file = cast("IO[bytes]", spooled)
                digest = await self._write(job, file)
                found = await self._api.upload(job.file_name, file)
        await self._change(
            job, state=BatchJobState.UPLOADED, file_id=found, input_sha256=digest, errors=0, last_error=None
        )
        log.info("batch_file_uploaded", job=str(job.id), lines=job.lines)

    async def _write(self, job: BatchJob, file: IO[bytes]) -> str:
        """Write the requests of a job to a file, and return the hash of its content."""
        digest, after = hashlib.sha256(), -1
        while True:

            async def read(session: Session, after: int = after) -> list[tuple[int, str, str]]:
                return list(await BatchJobRepository(session).bodies(job.id, after, _PAGE))

            page = await self._stored(read, "read lines of a batch job")
            if not page:
                break
            content = b"".join(request_line(key, self._api.endpoint, body) for _, key, body in page)
            digest.update(content)
            await asyncio.to_thread(file.write, content)
            after = page[-1][0]
        file.seek(0)
        return digest.hexdigest()

    async def _create(self, job: BatchJob) -> None:
        file_id = job.file_id or ""
        found = None
        if job.state == BatchJobState.CREATING:  # the job was asked for, and nobody knows what came of it
            found = await self._find(file_id)
        else:
            await self._change(job, state=BatchJobState.CREATING)
        batch = found or await self._api.create(file_id, job.file_name)
        await self._change(
            job,
            self._poll_s,
            state=BatchJobState.SUBMITTED,
            batch_id=batch.id,
            provider_status=batch.status,
            errors=0,
            last_error=None,
        )
        log.info("batch_job_started", job=str(job.id), batch=batch.id, found=found is not None)

    async def _find(self, file_id: str) -> ProviderBatch | None:
        """Return the job on a file; look twice, since a list may be a little older than the job."""
        found = await self._api.find(file_id)
        if found is None:
            await asyncio.sleep(min(self._poll_s, _CANCEL_PAUSE_S))
            found = await self._api.find(file_id)
        return found

    async def _look(self, job: BatchJob) -> None:
        """Look how far a job is; if it has ended, read what it has answered."""
        batch = await self._api.look(job.batch_id or "")
        told: JsonObject = {"provider_status": batch.status, "done": batch.done, "failed": batch.failed}
        if not batch.ended:
            longest_s = _CANCEL_PAUSE_S if job.cancel_asked else self._longest_poll_s
            pause_s = min(self._pause_s(job.polls + 1), longest_s)
            await self._change(job, pause_s, polls=job.polls + 1, errors=0, last_error=None, **told)
            return
        await self._change(job, **told)
        for file_id in (batch.output_file_id, batch.error_file_id):
            if file_id is not None:
                await self._read(job, file_id)
        if batch.status == "failed" and not job.cancel_asked:
            await self._read_refusal(job, batch)
        await self._end(job)
        log.info("batch_job_ended", job=str(job.id), status=batch.status, done=batch.done)

    async def _read(self, job: BatchJob, file_id: str) -> None:
        """Store the outcomes that a file has."""
        group: list[LineOutcome] = []
        async for line in self._api.lines(file_id):
            outcome = read_line(line, self._api.api)
            if outcome is not None:
                group.append(outcome)
            if len(group) >= _PAGE:
                await self._store(job, group)
                group = []
        await self._store(job, group)

    async def _store(self, job: BatchJob, outcomes: list[LineOutcome]) -> None:
        async def store(session: Session) -> None:
            await BatchJobRepository(session).store(job, outcomes, self._max_tries)

        await self._stored(store, "store answers of a batch job")

    async def _read_refusal(self, job: BatchJob, batch: ProviderBatch) -> None:
        """Find out why the provider refuses a job as a whole: because of some lines, for now, or for good."""
        problems = batch.problems
        if problems and all(one.code in _LIMITS for one in problems):
            # Too much is queued there, or this is too much at once: later, and in two halves.
            self._delay_s, self._most_lines = self._longest_poll_s, max(1, job.lines // 2)
            if job.lines > 1:
                await self._stored(partial(_give_back, job), "take lines back from a batch job")
            return
        if not problems or any(one.line is None for one in problems):
            said = "; ".join(f"{one.message} ({one.code})" if one.code else one.message for one in problems)
            await self._end(job, last_error=said or None)
            raise ExperimentFailed(f"The provider refuses the batch job: {said or 'it does not say why'}")

        async def keys(session: Session) -> list[LineOutcome]:
            found = []
            for one in problems:
                key = await BatchJobRepository(session).key_at(job.id, one.line or 0)
                if key is not None:
                    found.append(
                        LineOutcome(key, None, FailureKind.BAD_REQUEST, f"{one.message} ({one.code})")
                    )
            return found

        await self._store(job, await self._stored(keys, "read lines of a batch job"))

    async def _end(self, job: BatchJob, **values: Any) -> None:
        """Count a job as ended; what it has not answered waits for another one, or fails."""

        async def end(session: Session) -> None:
            await BatchJobRepository(session).give_up_lines(job.id, self._max_tries)

        await self._stored(end, "end a batch job")
        await self._change(job, state=BatchJobState.DONE, **values)
        self.brought = True

    async def _ask_for_end(self, job: BatchJob) -> None:
        """Cancel a job at the provider; one that was never started there has ended with that."""
        batch_id = job.batch_id
        if batch_id is None and job.file_id is not None and job.state == BatchJobState.CREATING:
            found = await self._find(job.file_id)
            batch_id = found.id if found else None
        if batch_id is None:
            await self._end(job)
            return
        try:
            await self._api.cancel(batch_id)
        except EngineError as error:
            if error.kind.retryable:
                raise
            log.info("batch_job_not_cancelled", job=str(job.id), kind=error.kind)  # it has ended, say
        await self._change(
            job, state=BatchJobState.SUBMITTED, batch_id=batch_id, cancel_asked=True, polls=0, errors=0
        )

    # -- the database ---------------------------------------------------------------------------

    def _pause_s(self, number: int) -> float:
        return float(min(self._poll_s * _GROWTH ** min(number, 50), self._longest_poll_s))

    async def _change(self, job: BatchJob, pause_s: float = 0.0, **values: Any) -> None:
        """Store what is new of a job; the object in memory follows."""

        async def change(session: Session) -> bool:
            return await BatchJobRepository(session).update(job.id, self._lease, pause_s, **values)

        if not await self._stored(change, "store a batch job"):
            raise LeaseLost
        for name, value in values.items():
            setattr(job, name, value)

    async def _stored(self, action: Callable[[Session], Awaitable[T]], what: str) -> T:
        """Run a transaction, and again until the database answers."""

        async def run() -> T:
            async with self._sessions() as session:
                result = await action(session)
                await session.commit()
                return result

        return await when_database_answers(run, what)


async def _give_back(job: BatchJob, session: Session) -> None:
    await BatchJobRepository(session).give_back_lines(job.id)
