"""The local model server and its engine, with the real llama.cpp and the bundled model."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from app.domain.generation import GenerationParams, GenerationResult
from app.domain.status import FailureKind
from app.services.inference.base import Engine
from app.services.inference.catalog import CatalogError, resolve_model_path
from app.services.inference.catalog_file import load_catalog
from app.services.inference.engines.connector import LocalServerOptions
from app.services.inference.engines.local import (
    OWNER_VARIABLE,
    LocalEngine,
    LocalServer,
    server_states,
    stop_servers,
)
from app.services.inference.limiter.adaptive import AdaptiveLimiter
from app.services.inference.registry import ModelRegistry
from app.services.inference.retry import RetryingEngine
from tests.other_user import as_nobody, needs_root
from tests.services.inference.steps import failure_of, request

ROOT = Path(__file__).resolve().parents[4]
CATALOG = load_catalog(ROOT / "configs" / "models.yaml")
NAME = "local/smollm2-135m-instruct"
PROVIDER, SPEC = CATALOG.find(NAME)
MODEL = resolve_model_path(SPEC, ROOT)
CALLS = [
    request(f"Question: What is the capital of {country}?\nAnswer:", params=GenerationParams(max_tokens=8))
    for country in ("France", "Japan", "Italy", "Peru", "Egypt", "Norway")
]
CALL = request("Say hello.", params=GenerationParams(max_tokens=2))


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServerOptions]:
    """A folder of servers that this module's tests share; with a space in its path."""
    folder = tmp_path_factory.mktemp("model servers")
    yield LocalServerOptions(folder, slots=6, context=512, threads=1)
    stop_servers(folder)


@pytest.fixture
def lonely(tmp_path: Path) -> Iterator[LocalServerOptions]:
    """A folder of servers for one test."""
    folder = tmp_path / "model servers"
    yield LocalServerOptions(folder, slots=1, context=256, threads=1)
    stop_servers(folder)


@pytest.fixture
async def engine(options: LocalServerOptions) -> AsyncIterator[LocalEngine]:
    """An engine on the shared server."""
    opened = LocalEngine(PROVIDER, SPEC, LocalServer(MODEL, options), 600)
    yield opened
    await opened.aclose()


def pid_of(options: LocalServerOptions) -> int:
    (state,) = server_states(options.state_dir)
    return state.pid


def until(condition: Callable[[], Any], patience_s: float = 60) -> None:
    end = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def processes(options: LocalServerOptions) -> list[int]:
    """Return the server processes that keep their records in a folder, known to it or not."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        if process.info["status"] != psutil.STATUS_ZOMBIE:
            line = " ".join(process.info["cmdline"] or [])
            if "local_server" in line and str(options.state_dir) in line:
                found.append(process.pid)
    return found


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system does not bind threads to cores")
async def test_each_thread_has_a_core_of_its_own(lonely: LocalServerOptions) -> None:
    """Two threads on one core would wait for each other without ever sleeping."""
    cores = os.sched_getaffinity(0)
    engine = LocalEngine(PROVIDER, SPEC, LocalServer(MODEL, replace(lonely, threads=0)), 600)
    await engine.generate(CALL)
    bound = [os.sched_getaffinity(one.id) for one in psutil.Process(pid_of(lonely)).threads()]
    await engine.aclose()
    assert {next(iter(one)) for one in bound if len(one) == 1} == cores


class TestStart:
    def test_once_for_many_callers_at_once(self, options: LocalServerOptions) -> None:
        urls: list[str] = []
        callers = [
            threading.Thread(target=lambda: urls.append(LocalServer(MODEL, options).ensure().url))
            for _ in range(4)
        ]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert len(urls) == 4
        assert len(set(urls)) == 1
        assert len(processes(options)) == 1

    def test_once_for_other_processes_too(self, options: LocalServerOptions) -> None:
        url = LocalServer(MODEL, options).ensure().url
        code = (
            "import sys; from pathlib import Path;"
            "from app.services.inference.engines.connector import LocalServerOptions;"
            "from app.services.inference.engines.local import LocalServer;"
            "o = LocalServerOptions(Path(sys.argv[2]), 6, 512, 1);"
            "print(LocalServer(Path(sys.argv[1]), o).ensure().url)"
        )
        told = subprocess.run(
            [sys.executable, "-c", code, str(MODEL), str(options.state_dir)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout.strip() == url
        assert len(processes(options)) == 1

    def test_on_loopback_only(self, options: LocalServerOptions) -> None:
        LocalServer(MODEL, options).ensure()
        listening = psutil.Process(pid_of(options)).net_connections(kind="inet")
        assert {entry.laddr.ip for entry in listening if entry.status == psutil.CONN_LISTEN} == {"127.0.0.1"}

    @pytest.mark.parametrize("key", [None, "a guess"])
    def test_takes_nobody_without_its_key(self, options: LocalServerOptions, key: str | None) -> None:
        state = LocalServer(MODEL, options).ensure()
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        with httpx.Client(base_url=state.url, headers=headers, trust_env=False) as client:
            for path in ("/v1/chat/completions", "/v1/completions", "/completion", "/tokenize", "/infill"):
                assert client.post(path, json={"prompt": "hello", "n_predict": 1}).status_code == 401, path
            for path in ("/slots", "/props", "/metrics"):
                assert client.get(path).status_code in (401, 501), path

    def test_its_key_is_for_this_user_alone(self, options: LocalServerOptions) -> None:
        state = LocalServer(MODEL, options).ensure()
        (record,) = options.state_dir.glob("*.json")
        assert record.stat().st_mode & 0o777 == 0o600
        assert state.key in record.read_text()
        assert state.key not in repr(state)
        assert state.key not in " ".join(psutil.Process(state.pid).cmdline())
        assert all(
            state.key not in log.read_text(errors="replace") for log in options.state_dir.glob("*.log")
        )

    @needs_root
    def test_another_user_of_the_machine(self, options: LocalServerOptions) -> None:
        state = LocalServer(MODEL, options).ensure()
        (record,) = options.state_dir.glob("*.json")
        for parent in [options.state_dir, *options.state_dir.parents][:-2]:
            parent.chmod(0o755)  # so that only the file's own mode protects it
        assert "PermissionError" in as_nobody(record.read_text)
        assert as_nobody(lambda: httpx.post(f"{state.url}/completion", json={}, trust_env=False)) == (
            "<Response [401 Unauthorized]>"
        )

    def test_a_proxy_for_the_web_is_not_asked(
        self, options: LocalServerOptions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url = LocalServer(MODEL, options).ensure().url
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        monkeypatch.delenv("no_proxy", raising=False)
        assert LocalServer(MODEL, options).ensure().url == url

    def test_is_listed(self, options: LocalServerOptions) -> None:
        url = LocalServer(MODEL, options).ensure().url
        (state,) = server_states(options.state_dir)
        assert (state.model, state.url, state.healthy) == (str(MODEL), url, True)

    @pytest.mark.parametrize(
        ("content", "said"),
        [(b"", "is not a GGUF file"), (b"PK\x03\x04zip", "is not a GGUF file"), (None, "Cannot read")],
    )
    def test_no_model_file(
        self, lonely: LocalServerOptions, tmp_path: Path, content: bytes | None, said: str
    ) -> None:
        path = tmp_path / "some.gguf"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(CatalogError) as caught:
            LocalServer(path, lonely).ensure()
        assert said in caught.value.message
        assert str(path) in caught.value.message
        assert processes(lonely) == []

    def test_broken_model_file(self, lonely: LocalServerOptions, tmp_path: Path) -> None:
        path = tmp_path / "broken.gguf"
        path.write_bytes(MODEL.read_bytes()[:100_000])
        with pytest.raises(CatalogError) as caught:
            LocalServer(path, lonely).ensure()
        assert f"cannot load {path}; its log is {lonely.state_dir}" in caught.value.message
        (log,) = lonely.state_dir.glob("*.log")
        assert log.stat().st_size > 0
        assert processes(lonely) == []
        assert server_states(lonely.state_dir) == []


class TestRecord:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "not JSON",
            "[]",
            "null",
            '{"pid": 1}',
            '{"pid": 1, "url": "http://127.0.0.1:1", "model": "m"}',
            '{"pid": null, "url": "http://127.0.0.1:1", "key": "k", "model": "m"}',
            '{"pid": "many", "url": "http://127.0.0.1:1", "key": "k", "model": "m"}',
            '{"pid": 999999999, "url": "http://127.0.0.1:1", "key": "k", "model": "m"}',
        ],
    )
    def test_that_says_nothing_true(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "some.json").write_text(text)
        assert server_states(tmp_path) == []
        stop_servers(tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_of_a_process_that_is_someone_else_s_now(self, tmp_path: Path) -> None:
        with subprocess.Popen(["sleep", "600"]) as bystander:
            record = {"pid": bystander.pid, "url": "http://127.0.0.1:1", "key": "k", "model": "m"}
            (tmp_path / "some.json").write_text(json.dumps(record))
            assert server_states(tmp_path) == []
            stop_servers(tmp_path)
            assert bystander.poll() is None
            bystander.kill()


class TestEnd:
    def test_with_its_owner(self, lonely: LocalServerOptions, monkeypatch: pytest.MonkeyPatch) -> None:
        with subprocess.Popen(["sleep", "600"]) as owner:
            monkeypatch.setenv(OWNER_VARIABLE, str(owner.pid))
            LocalServer(MODEL, lonely).ensure()
            assert len(processes(lonely)) == 1
            owner.kill()
            # Its end is noticed even while nobody has waited for it.
            until(lambda: not processes(lonely))

    def test_not_with_who_started_it(self, lonely: LocalServerOptions) -> None:
        code = (
            "import sys; from pathlib import Path;"
            "from app.services.inference.engines.connector import LocalServerOptions;"
            "from app.services.inference.engines.local import LocalServer;"
            "o = LocalServerOptions(Path(sys.argv[2]), 1, 256, 1);"
            "print(LocalServer(Path(sys.argv[1]), o).ensure().url)"
        )
        told = subprocess.run(
            [sys.executable, "-c", code, str(MODEL), str(lonely.state_dir)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, OWNER_VARIABLE: str(os.getpid())},
        )
        assert LocalServer(MODEL, lonely).ensure().url == told.stdout.strip()

    def test_on_request(self, lonely: LocalServerOptions) -> None:
        LocalServer(MODEL, lonely).ensure()
        stop_servers(lonely.state_dir)
        assert processes(lonely) == []
        assert server_states(lonely.state_dir) == []

    def test_one_that_does_not_answer_is_replaced(self, lonely: LocalServerOptions) -> None:
        LocalServer(MODEL, lonely).ensure()
        stuck = pid_of(lonely)
        psutil.Process(stuck).suspend()
        until(lambda: psutil.Process(stuck).status() == psutil.STATUS_STOPPED)
        LocalServer(MODEL, replace(lonely, health_timeout_s=0.5)).ensure()
        assert processes(lonely) == [pid_of(lonely)]
        assert pid_of(lonely) != stuck


class TestEngine:
    async def test_answers(self, engine: LocalEngine) -> None:
        result = await engine.generate(CALLS[0])
        assert "Paris" in result.text
        assert result.usage.prompt_tokens is not None
        assert 0 < (result.usage.completion_tokens or 0) <= 8
        assert (result.latency_s or 0) > 0

    async def test_names_the_file_and_not_where_it_lies(self, engine: LocalEngine) -> None:
        assert (await engine.generate(CALLS[0])).model == MODEL.name

    async def test_answers_do_not_depend_on_what_else_is_asked(self, engine: LocalEngine) -> None:
        alone = [(await engine.generate(call)).text for call in CALLS]
        together = await engine.generate_batch(CALLS)
        again = await engine.generate_batch(CALLS[::-1])
        assert [each.text for each in together if isinstance(each, GenerationResult)] == alone
        assert [each.text for each in again if isinstance(each, GenerationResult)] == alone[::-1]

    async def test_not_even_their_last_digits(self, options: LocalServerOptions) -> None:
        """Of the probabilities, which tell more than the words: those differ only where two are close."""
        server = await asyncio.to_thread(LocalServer(MODEL, options).ensure)
        body = {"temperature": 0, "max_tokens": 4, "logprobs": True, "cache_prompt": False}

        async def ask(client: httpx.AsyncClient, words: int) -> object:
            messages = [{"role": "user", "content": f"Tell me what you know of Rome. {'Think. ' * words}"}]
            answer = await client.post("/v1/chat/completions", json=body | {"messages": messages})
            return answer.raise_for_status().json()["choices"][0]["logprobs"]

        key = {"Authorization": f"Bearer {server.key}"}
        async with httpx.AsyncClient(base_url=server.url, headers=key, timeout=600) as client:
            lengths = range(5, 80, 13)
            alone = [await ask(client, words) for words in lengths]
            together = await asyncio.gather(*(ask(client, words) for words in lengths))
        assert together == alone

    async def test_engines_share_the_server(self, engine: LocalEngine, options: LocalServerOptions) -> None:
        other = LocalEngine(PROVIDER, SPEC, LocalServer(MODEL, options), 600)
        await asyncio.gather(engine.generate(CALL), other.generate(CALL))
        await other.aclose()
        assert len(processes(options)) == 1
        assert (await engine.generate(CALL)).text  # closing one engine ends no other's

    async def test_a_prompt_that_is_too_long(self, engine: LocalEngine) -> None:
        error = await failure_of(engine, request("word " * 2_000))
        assert error.kind is FailureKind.CONTEXT_LENGTH

    async def test_started_again_when_it_was_killed(
        self, engine: LocalEngine, options: LocalServerOptions
    ) -> None:
        await engine.generate(CALL)
        killed = pid_of(options)
        psutil.Process(killed).kill()
        retrying = RetryingEngine(engine, AdaptiveLimiter(6), 4, 600)
        outcomes = await retrying.generate_batch([CALL] * 4)
        assert [type(each) for each in outcomes] == [GenerationResult] * 4
        assert processes(options) == [pid_of(options)] != [killed]

    async def test_a_file_that_went_away(self, lonely: LocalServerOptions, tmp_path: Path) -> None:
        path = tmp_path / "some.gguf"
        path.write_bytes(b"GGUF")
        opened = LocalEngine(PROVIDER, SPEC, LocalServer(path, lonely), 5)
        path.unlink()
        error = await failure_of(opened, CALL)
        assert error.kind is FailureKind.MODEL_NOT_FOUND
        assert str(path) in error.message

    async def test_through_the_registry(self, options: LocalServerOptions) -> None:
        opened = await ModelRegistry(CATALOG, {}, ROOT, options).open(NAME, 600)
        assert opened.max_concurrency == 6
        assert (await opened.engine.generate(CALL)).text
        await opened.engine.aclose()

    async def test_broken_through_the_registry(self, lonely: LocalServerOptions, tmp_path: Path) -> None:
        shutil.copy(__file__, tmp_path / "small.gguf")
        catalog = load_catalog(ROOT / "configs" / "models.yaml", tmp_path)
        with pytest.raises(CatalogError, match=r"small\.gguf is not a GGUF file"):
            await ModelRegistry(catalog, {}, ROOT, lonely).open("local/small", 5)


class TestPrefixCache:
    async def test_is_used_where_it_is_chosen_and_empty_at_first(self, options: LocalServerOptions) -> None:
        registry = ModelRegistry(CATALOG, {}, ROOT, options)
        plain = await registry.open(NAME, 600)
        cached = await registry.open(NAME, 600, prefix_cache=True)
        try:
            await plain.engine.generate(CALLS[0])
            assert await read_from_cache(plain.engine) == 0
            await plain.engine.aclose()
            assert [await read_from_cache(cached.engine) > 0 for _ in range(2)] == [True, True]
            again = await registry.open(NAME, 600, prefix_cache=True)
            assert await read_from_cache(again.engine) == 0
            await again.engine.aclose()
        finally:
            await cached.engine.aclose()

    def test_is_a_part_of_the_fingerprint_only_when_it_is_on(self, options: LocalServerOptions) -> None:
        registry = ModelRegistry(CATALOG, {}, ROOT, options)
        assert registry.fingerprint(NAME, prefix_cache=True) != registry.fingerprint(NAME)
        other = registry.fingerprint("mock/echo")
        assert registry.fingerprint("mock/echo", prefix_cache=True) == other


async def read_from_cache(engine: Engine) -> int:
    """Return the tokens of a prompt that the server had."""
    read = (await engine.generate(CALLS[0])).usage.cache_read_tokens
    assert read is not None
    return read
