"""The whole platform on a fresh state folder: all its processes, over HTTP and the command line."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from app.core.config import Settings
from app.core.platform_state import answers, platform_url
from app.core.processes import ManagedProcess, ProcessError
from app.launcher import Platform

LLMFORGE = Path(sys.executable).with_name("llmforge")
PATIENCE_S = 120

QUICK = """\
name: quick
model: mock/gold?accuracy=0.5
dataset: {name: trivia_qa, n: 10}
seed: 7
"""
TWO_WAYS = """\
name: Two ways
base: {dataset: {name: trivia_qa, n: 20}, seed: 7}
variants: [{name: few, model: "mock/gold?accuracy=0.1"}, {name: all, model: mock/gold}]
"""


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < end, f"waited in vain for: {what}"
        time.sleep(0.05)
    return found


def environment(home: Path) -> pytest.MonkeyPatch:
    """Set the environment of a platform on ``home``, for this process and its children."""
    patch = pytest.MonkeyPatch()
    values = {"DATABASE_URL": "", "REDIS_URL": "", "LLMFORGE_HOME": str(home), "LLMFORGE_PORT": "0"}
    values |= {"LLMFORGE_HEARTBEAT_S": "0.2", "LLMFORGE_STALE_AFTER_S": "2", "LLMFORGE_SHUTDOWN_GRACE_S": "1"}
    for name, value in values.items():
        patch.setenv(name, value)
    return patch


def cli(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(LLMFORGE), *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )


def family(*roots: ManagedProcess | None) -> list[psutil.Process]:
    """Return these processes and all that came of them."""
    pids = [root.pid for root in roots if root is not None and root.pid is not None]
    heads = [psutil.Process(pid) for pid in pids]
    return heads + [child for head in heads for child in head.children(recursive=True)]


def processes(platform: Platform) -> list[psutil.Process]:
    servers = [server.process for server in (platform._postgres, platform._valkey) if server is not None]
    return family(platform._api, *platform._workers, *servers)


def gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def kill(process: ManagedProcess | None) -> None:
    assert process is not None
    assert process.process is not None
    process.process.kill()
    process.process.wait()


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A running platform; each test leaves it running."""
    home = tmp_path_factory.mktemp("e2e") / "state with a space"
    patch = environment(home)
    started = Platform(Settings(), lambda _: None)
    started.start()
    yield started
    started.stop()
    patch.undo()


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    file = tmp_path / "quick.yaml"
    file.write_text(QUICK)
    return file


@pytest.fixture
def two_ways(tmp_path: Path) -> Path:
    file = tmp_path / "two_ways.yaml"
    file.write_text(TWO_WAYS)
    return file


class TestRunning:
    def test_all_parts_are_healthy(self, platform: Platform) -> None:
        def health() -> Any:
            found = httpx.get(f"{platform.url}/health", timeout=10, trust_env=False).json()
            return found if found["status"] == "ok" else None

        found = wait_for(health, "all parts to be healthy")
        assert (found["workers"]["state"], found["queue"]["state"]) == ("ok", "ok")
        assert platform_url(Settings().home) == platform.url

    def test_an_experiment_from_the_command_line(self, platform: Platform, quick: Path) -> None:
        done = cli("run", str(quick), "--json", "--limit", "8")
        assert done.returncode == 0, done.stderr
        printed = json.loads(done.stdout)
        assert printed["experiment"]["status"] == "COMPLETED"
        assert printed["result"]["metrics"]["counts"]["ok"] == 8
        listed = json.loads(cli("list", "--json").stdout)
        assert printed["experiment"]["id"] in [item["id"] for item in listed["items"]]

    def test_a_failing_experiment_has_another_exit_code(self, platform: Platform, quick: Path) -> None:
        done = cli("run", str(quick), "--model", "mock/echo?fail_rate=1&fail_kind=bad_request")
        assert done.returncode == 1
        assert "max_failed_share" in done.stdout + done.stderr

    def test_of_a_platform_that_was_killed_nothing_runs(self, platform: Platform, tmp_path: Path) -> None:
        ended = subprocess.run(
            [sys.executable, "-c", "import os; print(os.getpid())"], check=True, capture_output=True
        )
        # Another folder's platform answers at its port now.
        state = {"pid": int(ended.stdout), "url": platform.url}
        (tmp_path / "platform.json").write_text(json.dumps(state))
        assert platform_url(tmp_path) is None

    def test_a_second_start_is_refused_and_harms_nothing(self, platform: Platform) -> None:
        second = Platform(Settings(), lambda _: None)
        with pytest.raises(ProcessError, match="A platform is using") as refused:
            second.start()
        assert platform.url in str(refused.value)
        second.stop()
        assert platform_url(Settings().home) == platform.url
        done = cli("up")
        assert done.returncode == 1
        assert f"already running at {platform.url}" in done.stderr

    def test_doctor(self, platform: Platform) -> None:
        done = cli("doctor", "--json")
        checks = {check["name"]: check["state"] for check in json.loads(done.stdout)}
        assert checks["platform"] == "ok"
        assert "bad" not in {checks[name] for name in ("database", "queue", "  database", "  queue")}


class TestRevival:
    def test_a_killed_worker(self, platform: Platform, quick: Path) -> None:
        before = platform._workers[0].pid
        kill(platform._workers[0])
        platform.restart_ended()
        assert platform._workers[0].pid != before
        assert cli("run", str(quick), "--json").returncode == 0

    def test_a_killed_api_while_the_command_line_follows(self, platform: Platform, quick: Path) -> None:
        slow = ["--model", "mock/gold?latency_ms=150", "--concurrency", "1", "--limit", "20", "--json"]
        command = [str(LLMFORGE), "run", str(quick), *slow]
        pipe = subprocess.PIPE
        following = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)

        def running() -> bool:
            page = httpx.get(f"{platform.url}/api/v1/experiments", trust_env=False).json()
            return any(item["status"] == "RUNNING" for item in page["items"])

        wait_for(running, "the experiment to run")
        kill(platform._api)
        assert not answers(platform.url)
        platform.restart_ended()
        wait_for(lambda: answers(platform.url), "the API to answer again")
        out, err = following.communicate(timeout=PATIENCE_S)
        assert following.returncode == 0, err
        assert json.loads(out)["result"]["metrics"]["counts"]["ok"] == 20

    def test_killed_servers_keep_their_data(self, platform: Platform, quick: Path) -> None:
        experiment_id = json.loads(cli("run", str(quick), "--json").stdout)["experiment"]["id"]
        assert platform._postgres is not None
        assert platform._valkey is not None
        for server in (platform._postgres.process, platform._valkey.process):
            kill(server)
        platform.restart_ended()

        def there() -> bool:
            url = f"{platform.url}/api/v1/experiments/{experiment_id}"
            return httpx.get(url, trust_env=False).status_code == 200

        wait_for(there, "the experiment to be read again")
        assert cli("run", str(quick), "--json").returncode == 0

    def test_what_dies_again_and_again_is_given_up(
        self, platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        argv = [sys.executable, "-c", "raise SystemExit('this is why')"]
        child = ManagedProcess("child", argv, tmp_path / "child.log")
        other = Platform(Settings(), lambda _: None)
        other._workers = [child]
        other._start_child(child)

        def given_up() -> str:
            try:
                other.restart_ended()
            except ProcessError as error:
                return str(error)
            return ""

        message = wait_for(given_up, "the platform to give up")
        assert "child ends right after each start" in message
        assert "this is why" in message


class TestStartAndStop:
    @pytest.fixture
    def home(self, tmp_path: Path) -> Iterator[Path]:
        home = tmp_path / "home"
        patch = environment(home)
        yield home
        patch.undo()

    def test_stop_leaves_nothing_and_a_restart_keeps_the_data(self, home: Path) -> None:
        first = Platform(Settings(), lambda _: None)
        first.start()
        body = {"config": {"name": "kept", "model": "mock/echo", "dataset": {"name": "trivia_qa", "n": 3}}}
        url = f"{first.url}/api/v1/experiments"
        experiment_id = httpx.post(url, json=body, trust_env=False).json()["id"]
        alive = processes(first)
        assert len(alive) >= 4
        first.stop()
        wait_for(lambda: all(gone(process) for process in alive), "all processes to end")
        assert not (home / "platform.json").exists()
        second = Platform(Settings(), lambda _: None)
        second.start()
        try:
            found = httpx.get(f"{second.url}/api/v1/experiments/{experiment_id}", trust_env=False)
            assert found.json()["name"] == "kept"
        finally:
            second.stop()

    def test_a_taken_port(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            monkeypatch.setenv("LLMFORGE_PORT", str(port))
            fixed = Platform(Settings(), lambda _: None, fixed_port=True)
            with pytest.raises(ProcessError, match=f"Port {port} is taken. Set LLMFORGE_PORT"):
                fixed.start()
            assert fixed._postgres is not None
            assert fixed._postgres.process is not None
            assert not fixed._postgres.process.running
            said: list[str] = []
            monkeypatch.setenv("LLMFORGE_EPHEMERAL", "1")
            free = Platform(Settings(), said.append)
            free.start()
            try:
                assert "all data is lost when this platform restarts; set DATABASE_URL to keep it" in said
                assert (
                    httpx.get(f"{free.url}/health", timeout=10, trust_env=False).json()["ephemeral"] is True
                )
                assert f"port {port} is taken; using {free.url.rpartition(':')[2]}" in said
                assert answers(free.url)
            finally:
                free.stop()

    def test_the_demo_command_ends_in_a_verdict_and_stops_everything(
        self, home: Path, two_ways: Path
    ) -> None:
        done = cli("demo", "--exit", "--file", str(two_ways))
        assert done.returncode == 0, done.stderr
        assert "Verdict: all is better than few by " in done.stdout
        assert "http" not in done.stdout  # by then nothing answers there any more
        assert not (home / "platform.json").exists()
        record = home / "postgres" / "postmaster.pid"
        assert not record.exists()

    def test_up_ends_when_asked_to(self, home: Path) -> None:
        up = subprocess.Popen([str(LLMFORGE), "up"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: platform_url(home), "the platform to answer")
        alive = psutil.Process(up.pid).children(recursive=True)
        assert alive
        os.kill(up.pid, signal.SIGTERM)
        assert up.wait(PATIENCE_S) == 0
        wait_for(lambda: all(gone(process) for process in alive), "all processes to end")
        assert platform_url(home) is None

    def test_a_killed_launcher_takes_everything_along(self, home: Path) -> None:
        up = subprocess.Popen([str(LLMFORGE), "up"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: platform_url(home), "the platform to answer")
        alive = psutil.Process(up.pid).children(recursive=True)
        up.kill()
        up.wait()
        wait_for(lambda: all(gone(process) for process in alive), "all processes to end")
