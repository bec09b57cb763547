"""Tests of what a webhook is told, by real HTTP."""

import asyncio
import base64
import hashlib
import hmac
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from app.core.config import Settings
from app.domain.status import ExperimentStatus
from app.models import Delivery
from app.schemas.matrix_config import MatrixConfig
from app.services.execution.executor import Executor
from app.services.experiments.service import ExperimentService
from app.services.matrices.service import MatrixService
from app.services.notifications.repository import PAUSES_S, DeliveryRepository
from app.services.notifications.sender import WebhookSender
from app.services.runtime import Runtime
from tests.services.matrices.factories import raw
from tests.support import create, dispatcher, until, with_settings


@dataclass
class Receiver:
    """A webhook that answers with each of ``statuses`` in turn, and then with 204."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    delay_s: float = 0.0
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    answering: set[asyncio.Task[None] | None] = field(default_factory=set)

    def told_by(self, runtime: Runtime, secret: str = "") -> Runtime:
        url = f"http://127.0.0.1:{self.port}/hook?token=s3cret"
        return with_settings(runtime, webhook_url=SecretStr(url), webhook_secret=SecretStr(secret))

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [orjson.loads(content) for _, content in self.got]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.answering.add(asyncio.current_task())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        assert head[0] == "POST /hook?token=s3cret HTTP/1.1"
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        self.got.append((headers, await reader.readexactly(int(headers["content-length"]))))
        with suppress(TimeoutError):
            await asyncio.wait_for(self.closing.wait(), self.delay_s)
        status = self.statuses.pop(0) if self.statuses else 204
        where = "location: /elsewhere\r\n" if status == 302 else ""
        writer.write(f"HTTP/1.1 {status} x\r\n{where}content-length: 0\r\nconnection: close\r\n\r\n".encode())
        with suppress(OSError):  # a sender that was not patient has gone
            await writer.drain()
        writer.close()


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[Receiver]:
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver
        receiver.closing.set()
        await asyncio.gather(*filter(None, receiver.answering))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving(Receiver()) as one:
        yield one


async def ended(runtime: Runtime, **fields: Any) -> uuid.UUID:
    experiment_id = await create(runtime, **fields)
    assert await Executor(runtime, experiment_id).run() is ExperimentStatus.COMPLETED
    return experiment_id


async def deliveries(runtime: Runtime) -> list[Delivery]:
    async with runtime.sessions() as session:
        return list(await session.scalars(select(Delivery).order_by(Delivery.kind, Delivery.ended_at)))


async def only(runtime: Runtime) -> Delivery:
    (one,) = await deliveries(runtime)
    return one


async def change(runtime: Runtime, assignments: str) -> None:
    async with runtime.engine.begin() as database:
        await database.exec_driver_sql(f"update deliveries set {assignments}")


async def make_due(runtime: Runtime) -> None:
    await change(runtime, "next_attempt_at = clock_timestamp()")


class TestSending:
    async def test_an_ending_is_told_once(self, runtime: Runtime, dataset: str, receiver: Receiver) -> None:
        means = receiver.told_by(runtime)
        experiment_id = await ended(means, name="first")
        sender = WebhookSender(means)
        assert await sender.send_due() is None
        assert await sender.send_due() is None
        ((headers, content),) = receiver.got
        body = orjson.loads(content)
        assert headers["webhook-id"] == body["id"] == str((await only(runtime)).id)
        assert "webhook-signature" not in headers
        assert body["event"] == "experiment.ended"
        assert body["text"] == "first: completed, exact match 100.0 %"
        assert body["experiment"]["id"] == str(experiment_id)
        assert body["experiment"]["scores"]["exact_match"]["n"] == 20
        assert b"thing 7" not in content  # an answer, and an output of the model
        assert (await only(runtime)).delivered_at is not None

    async def test_is_signed(self, runtime: Runtime, dataset: str, receiver: Receiver) -> None:
        coded = f"whsec_{base64.b64encode(bytes(8)).decode()}"
        for secret, key in [("plain", b"plain"), (coded, bytes(8))]:
            means = receiver.told_by(runtime, secret)
            await ended(means)
            await WebhookSender(means).send_due()
            headers, content = receiver.got[-1]
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + content
            digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
            # The receiver of these tests has made the headers lower-case.
            assert headers["webhook-signature"] == f"v1,{digest}".lower()

    async def test_is_tried_again_after_an_error(
        self, runtime: Runtime, dataset: str, receiver: Receiver
    ) -> None:
        means = receiver.told_by(runtime)
        receiver.statuses = [500]
        await ended(means)
        sender = WebhookSender(means)
        pause_s = await sender.send_due()
        assert pause_s is not None
        assert PAUSES_S[0] - 5 < pause_s <= PAUSES_S[0]
        assert (await only(runtime)).problem == "HTTP 500"
        await sender.send_due()
        assert len(receiver.got) == 1  # not before its time
        await make_due(runtime)
        assert await sender.send_due() is None
        first, second = receiver.got
        assert first[0]["webhook-id"] == second[0]["webhook-id"]
        taken = await only(runtime)
        assert (taken.attempts, taken.problem, taken.next_attempt_at) == (2, None, None)

    @pytest.mark.parametrize(
        ("status", "problem"),
        [(404, "HTTP 404"), (302, "HTTP 302, a redirect, which is not followed")],
    )
    async def test_what_it_does_not_take(
        self, runtime: Runtime, dataset: str, receiver: Receiver, status: int, problem: str
    ) -> None:
        means = receiver.told_by(runtime)
        receiver.statuses = [status]
        await ended(means)
        await WebhookSender(means).send_due()
        assert (await only(runtime)).problem == problem
        assert len(receiver.got) == 1

    async def test_a_receiver_that_is_slow_or_away(
        self, runtime: Runtime, dataset: str, receiver: Receiver
    ) -> None:
        means = receiver.told_by(runtime)
        receiver.delay_s = 30
        await ended(means)
        await WebhookSender(means, within_s=0.2).send_due()
        assert (await only(runtime)).problem == "no answer within 0.2 s"
        receiver.port = 1  # nobody listens
        await make_due(runtime)
        await WebhookSender(receiver.told_by(runtime)).send_due()
        assert (await only(runtime)).problem == "no connection (ConnectError)"

    async def test_is_given_up_at_last(self, runtime: Runtime, dataset: str, receiver: Receiver) -> None:
        means = receiver.told_by(runtime)
        receiver.statuses = [500, 500]
        await ended(means)
        await change(runtime, f"attempts = {len(PAUSES_S) - 1}")
        assert await WebhookSender(means).send_due() is not None
        await make_due(runtime)
        assert await WebhookSender(means).send_due() is None
        given_up = await only(runtime)
        assert (given_up.delivered_at, given_up.attempts) == (None, len(PAUSES_S) + 1)

    async def test_a_process_that_dies_before_or_while_it_sends_leaves_it_to_another(
        self, runtime: Runtime, dataset: str, receiver: Receiver
    ) -> None:
        means = receiver.told_by(runtime)
        await ended(means)
        async with runtime.sessions() as session:  # by a process that then dies
            assert len(await DeliveryRepository(session).claim()) == 1
            await session.commit()
        await make_due(runtime)
        running = asyncio.create_task(WebhookSender(means).run())  # looks when it starts

        async def told() -> bool:
            return (await only(runtime)).delivered_at is not None

        await until(told, "the delivery is taken")
        running.cancel()
        assert len(receiver.got) == 1

    async def test_of_two_senders_one_sends(self, runtime: Runtime, dataset: str, receiver: Receiver) -> None:
        means = receiver.told_by(runtime)
        receiver.delay_s = 0.2
        await ended(means)
        await asyncio.gather(*(WebhookSender(means).send_due() for _ in range(3)))
        assert len(receiver.got) == 1


class TestAnnouncing:
    async def test_what_is_told_of(self, runtime: Runtime, dataset: str, receiver: Receiver) -> None:
        means = receiver.told_by(runtime)
        await ended(runtime)  # before there was a webhook
        assert await deliveries(runtime) == []
        cancelled, deleted = await create(means), await create(means)
        async with runtime.sessions() as session:
            service = ExperimentService(session, means)
            await service.cancel(cancelled)
            await service.delete(deleted)
        await Executor(means, deleted).run()
        assert (await only(runtime)).subject_id == cancelled
        await WebhookSender(means).send_due()
        assert receiver.bodies[0]["experiment"]["status"] == "CANCELLED"

    async def test_a_comparison_ends_with_the_last_of_its_experiments(
        self, runtime: Runtime, dataset: str, receiver: Receiver
    ) -> None:
        means = receiver.told_by(runtime)
        ids = [await create(means, name=name) for name in ("A", "B", "C")]
        comparison = uuid.uuid4()
        async with runtime.engine.begin() as database:
            await database.exec_driver_sql(
                "insert into sequential_comparisons (id, score, margin, experiments) "
                f"values ('{comparison}', 'f1', 0.02, '[]')"
            )
            await database.exec_driver_sql(f"update experiments set sequential_id = '{comparison}'")

        async def cancel(experiment_id: uuid.UUID) -> None:
            async with means.sessions() as session:
                await ExperimentService(session, means).cancel(experiment_id)

        await cancel(ids[0])
        assert {one.kind for one in await deliveries(runtime)} == {"experiment"}
        await asyncio.gather(cancel(ids[1]), cancel(ids[2]))
        assert [one.kind for one in await deliveries(runtime)] == ["comparison", *["experiment"] * 3]
        await WebhookSender(means).send_due()
        (told,) = [one for one in receiver.bodies if one["event"] == "comparison.ended"]
        assert told["comparison"]["id"] == str(comparison)
        assert [one["name"] for one in told["comparison"]["experiments"]] == ["A", "B", "C"]
        assert told["text"].splitlines() == [f"{name}: cancelled" for name in "ABC"]


async def run_all(runtime: Runtime, **fields: Any) -> uuid.UUID:
    """Make a matrix, and run its trials one after the other."""
    async with runtime.sessions() as session:
        service = MatrixService(session, runtime)
        config = MatrixConfig.model_validate(raw(**fields))
        matrix_id = (await service.find_or_create(config)).matrix.id
        while (found := await service.run_next(matrix_id, dispatcher(session, runtime))).experiment:
            assert "matrix" not in [one.kind for one in await deliveries(runtime)]
            await Executor(runtime, found.experiment.id).run()
    return matrix_id


class TestMatrices:
    async def test_one_ends_with_its_last_experiment(
        self, runtime: Runtime, dataset: str, receiver: Receiver
    ) -> None:
        means = receiver.told_by(runtime)
        matrix_id = await run_all(means, rounds=1)
        await WebhookSender(means).send_due()
        (told,) = [one for one in receiver.bodies if one["event"] == "matrix.ended"]
        name = raw()["name"]
        assert told["text"] == f"{name}: ended, 4 of 4 trials completed"
        assert told["matrix"] == {"id": str(matrix_id), "name": name, "trials": 4, "completed": 4}
        (delivery,) = [one for one in await deliveries(runtime) if one.kind == "matrix"]
        assert delivery.ended_at == max(
            one.ended_at for one in await deliveries(runtime) if one.kind == "experiment"
        )

    async def test_one_ends_with_a_trial_that_cannot_be_run(
        self, runtime: Runtime, dataset: str, receiver: Receiver
    ) -> None:
        means = receiver.told_by(runtime)
        model = "mock/hash?fail_rate=1&fail_kind=refused"
        await run_all(means, rounds=1, methods=[{"name": "x", "method": {"name": "naive"}, "model": model}])
        await WebhookSender(means).send_due()
        (told,) = [one for one in receiver.bodies if one["event"] == "matrix.ended"]
        assert (told["matrix"]["trials"], told["matrix"]["completed"]) == (4, 0)

    async def test_without_a_webhook_nothing_is_stored(self, runtime: Runtime, dataset: str) -> None:
        await run_all(runtime, rounds=1)
        assert await deliveries(runtime) == []

    async def test_a_deleted_one_is_not_told_of(
        self, runtime: Runtime, dataset: str, receiver: Receiver
    ) -> None:
        means = receiver.told_by(runtime)
        async with means.sessions() as session:
            service = MatrixService(session, means)
            stored = await service.find_or_create(MatrixConfig.model_validate(raw(rounds=1)))
            for _ in stored.trials:
                found = await service.run_next(stored.matrix.id, dispatcher(session, means))
                assert found.experiment is not None
                if found.ended == len(stored.trials) - 1:
                    await service.delete(stored.matrix.id)
                await Executor(means, found.experiment.id).run()
        assert {one.kind for one in await deliveries(runtime)} == {"experiment"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LLMFORGE_WEBHOOK_URL", "file:///etc/passwd"),
        ("LLMFORGE_WEBHOOK_URL", "http://"),
        ("LLMFORGE_WEBHOOK_URL", "hooks.example.com"),
        ("LLMFORGE_WEBHOOK_SECRET", "whsec_!"),
    ],
)
def test_settings_that_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=r"must be an address|must be Base64"):
        Settings()
