"""A worker process behind a Redis that answers with errors, stalls, cuts and refuses: it works on."""

import asyncio
import os
import signal
import ssl
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr
from rq.executions import Execution
from rq.serializers import JSONSerializer

from app.core.config import Settings, get_settings
from app.core.embedded.valkey import EmbeddedValkey
from app.core.processes import ManagedProcess
from app.core.queue import JOB, connect
from app.services.inference.engines.local import OWNER_VARIABLE
from app.services.monitoring.queue_health import QueueHealth
from app.services.runtime import Runtime
from app.tasks.experiment_job import ExperimentJob
from app.tasks.experiment_worker import ExperimentWorker, QueueClients
from app.tasks.presence import Presence
from app.tasks.worker import main
from tests.fixtures.fake_llm import FakeLLM
from tests.fixtures.redis_proxy import ERRORS, RedisProxy
from tests.fixtures.tls_front import make_certificates
from tests.support import create, leases_of, log_of, until, with_settings
from tests.tasks.conftest import Start
from tests.tasks.test_worker import (
    SIZE,
    completed,
    ended,
    in_the_middle,
    quiz,
    start_experiment,
)

__all__ = ["quiz"]  # a fixture


@pytest.fixture
async def proxy(valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RedisProxy]:
    """What the worker takes for its Redis; it waits one second for an answer, and for a job."""
    async with RedisProxy(valkey.url) as running:
        monkeypatch.setenv("REDIS_URL", running.url)
        monkeypatch.setenv("LLMFORGE_REDIS_TIMEOUT_S", "1")
        monkeypatch.setenv("LLMFORGE_REDIS_IDLE_S", "1")
        yield running


async def works(runtime: Runtime, worker: ManagedProcess, pid: int | None) -> None:
    """Return when the same process has run another experiment."""
    await completed(runtime, await create(runtime, sample={"n": 2}))
    assert (worker.running, worker.pid) == (True, pid)


async def test_idle(
    runtime: Runtime,
    quiz: None,
    proxy: RedisProxy,
    start_worker: Start,
    caretaker: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    monkeypatch.setenv(OWNER_VARIABLE, str(owner.pid))
    worker = start_worker()
    await works(runtime, worker, worker.pid)
    for kind in ("loading", "read_only", "failover", "full"):
        proxy.refused = 0
        proxy.answer(ERRORS[kind], "BLMOVE", times=2 if kind == "loading" else 1)  # one is not told
        await until(lambda: proxy.refused, f"the answer {kind}")
        await works(runtime, worker, worker.pid)
        assert f'"trouble":"{kind}"' in log_of(worker)
    faults: list[Callable[[], Awaitable[None]]] = [
        lambda: cut(proxy),
        lambda: cut(proxy, "BLMOVE"),
        lambda: refuse(proxy),
        lambda: stall(proxy),
        lambda: unblock(runtime),
        lambda: flush(runtime),
    ]
    for fault in faults:
        await fault()
        await works(runtime, worker, worker.pid)
    await proxy.refuse_connections()
    owner.kill()
    owner.wait()
    assert await ended(worker) == 0


async def cut(proxy: RedisProxy, command: str | None = None) -> None:
    proxy.cut(command)


async def refuse(proxy: RedisProxy) -> None:
    await proxy.refuse_connections()
    await asyncio.sleep(0.5)
    await proxy.accept()


async def stall(proxy: RedisProxy) -> None:
    proxy.stall()
    await asyncio.sleep(1.5)
    proxy.flow()


async def unblock(runtime: Runtime) -> None:
    """Do what a fail-over does to a call that waits."""
    connection = connect(runtime.redis_url)
    waiting = await until(
        lambda: [client for client in connection.client_list() if client["cmd"] == "blmove"], "a call"
    )
    for client in waiting:
        connection.execute_command("CLIENT", "UNBLOCK", client["id"], "ERROR")  # type: ignore[no-untyped-call]
    connection.close()


async def flush(runtime: Runtime) -> None:
    connection = connect(runtime.redis_url)
    connection.flushall()
    connection.close()


async def test_during_work(
    runtime: Runtime,
    quiz: None,
    endpoint: FakeLLM,
    proxy: RedisProxy,
    start_worker: Start,
    caretaker: None,
) -> None:
    worker = start_worker()
    for fault in ("limit", "stall"):
        endpoint.hold_after(10)
        endpoint.stats.tries.clear()
        experiment_id = await start_experiment(runtime)
        await in_the_middle(runtime, endpoint, experiment_id, 10)
        (child,) = psutil.Process(worker.pid).children()
        if fault == "limit":
            proxy.answer(ERRORS["limit"])
        else:
            proxy.stall()
        await asyncio.sleep(1.2)  # the worker looks at its child each second
        endpoint.release()
        await completed(runtime, experiment_id)
        assert set(endpoint.stats.tries.values()) == {1}
        assert len(endpoint.stats.tries) == SIZE
        assert psutil.Process(worker.pid).children() in ([child], [])
        proxy.answer("", times=0)
        proxy.flow()
        await works(runtime, worker, worker.pid)

    endpoint.hold_after(5)
    experiment_id = await start_experiment(runtime)
    await in_the_middle(runtime, endpoint, experiment_id, 5)
    proxy.stall()
    worker.process.send_signal(signal.SIGTERM)  # type: ignore[union-attr]
    assert await ended(worker) == 0
    assert "Traceback" not in log_of(worker)
    assert not await leases_of(runtime, experiment_id)


def test_reports_of_a_job_that_redis_does_not_take_end_nothing(settings: Settings) -> None:
    away = settings.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:1")})
    clients = QueueClients(away)
    worker = ExperimentWorker(away, clients, Presence(away))
    job = ExperimentJob.create(
        JOB, [str(uuid.uuid4())], connection=clients.brief, origin=away.queue, serializer=JSONSerializer
    )
    execution = Execution("an execution", job.id, connection=clients.brief)
    worker.maintain_heartbeats(job, execution)
    worker.prepare_job_execution(job)


async def test_tls_whose_silent_connections_are_closed(
    runtime: Runtime,
    valkey: EmbeddedValkey,
    tmp_path: Path,
    quiz: None,
    start_worker: Start,
    caretaker: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates = make_certificates(tmp_path)
    context.load_cert_chain(certificates.certificate, certificates.key)
    async with RedisProxy(valkey.url, tls=context, idle_s=0.5) as proxy:
        url = f"{proxy.url}?ssl_ca_certs={certificates.authority}"
        monkeypatch.setenv("REDIS_URL", url)
        means = with_settings(runtime, redis_url=SecretStr(url))
        distrusting = with_settings(runtime, redis_url=SecretStr(proxy.url))
        worker = start_worker()
        await works(means, worker, worker.pid)
        closed = proxy.closed
        await until(lambda: proxy.closed > closed + 2, "silent connections to be closed")
        await works(means, worker, worker.pid)
        assert "redis_away" not in log_of(worker)  # opened again without a word
        report = await QueueHealth(distrusting).report()
    assert (report.queue.details["trouble"], "ssl_ca_certs" in report.queue.message) == ("tls", True)


@pytest.mark.parametrize("url", ["localhost:6379", "redis://h:1?no_such_option=1"])
def test_an_address_that_is_none_ends_the_worker(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("REDIS_URL", url)
    monkeypatch.setenv(OWNER_VARIABLE, str(os.getpid()))
    get_settings.cache_clear()
    with pytest.raises(SystemExit, match="error: REDIS_URL is no address"):
        main()
