"""A Hugging Face Space without Docker: the steps of its Dockerfile, in a clean folder, as its user."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from app.core.config import PROJECT_ROOT
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.processes import free_port
from tests.e2e.test_platform import wait_for

KEY = "a-long-key-of-this-space"
USER = 1000
SPACE = PROJECT_ROOT / "deploy" / "huggingface"
CONFIG = {
    "name": "through a restart",
    "model": "mock/gold?accuracy=0.5&latency_ms=100",
    "dataset": {"name": "trivia_qa", "n": 40},
    "concurrency": 2,
    "cache": False,
}


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Return the instructions of the stages that make the running image, in order."""
    lines = re.sub(r"\\\n", " ", dockerfile).splitlines()
    found = [line.partition(" ")[::2] for line in lines if line and not line.startswith("#")]
    first = max(n for n, (name, rest) in enumerate(found) if name == "FROM" and rest.startswith("python"))
    return found[first:]


class Image:
    """The file system of an image below ``root``, and what it runs; packages are those of the tests.

    Args:
        repository: the Space's repository.
        root: stands for the image's ``/srv``.
    """

    def __init__(self, repository: Path, root: Path) -> None:
        self.root = root
        self.env: dict[str, str] = {}
        self.command: list[str] = []
        self.port = 0
        for name, rest in instructions((repository / "Dockerfile").read_text()):
            if name == "COPY" and not rest.startswith("--from"):
                *sources, target = shlex.split(rest)
                for source in sources:
                    self._copy(repository / source, target)
            elif name == "ENV":
                self.env |= dict(pair.split("=", 1) for pair in shlex.split(rest))
            elif name == "CMD":
                self.command = yaml.safe_load(rest)
            elif name == "EXPOSE":
                self.port = int(rest)
        (root / "frontend" / "out").mkdir(parents=True)
        (root / "frontend" / "out" / "index.html").write_text("the dashboard")
        (root / "data" / "local").mkdir()
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", str(USER), str(root / "data")], check=True)

    def _copy(self, source: Path, target: str) -> None:
        if source.is_dir():
            shutil.copytree(source, self.root / target, dirs_exist_ok=True)
        else:
            (self.root / target).mkdir(parents=True, exist_ok=True)
            shutil.copy(source, self.root / target)

    @property
    def log(self) -> str:
        """What the container has printed so far, by all its processes."""
        return (self.root.parent / "container.log").read_text()

    def run(self, secrets: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        """Run the command as a container does: with the environment of the image and the secrets."""
        in_image = str(self.root.parent)
        env = {name: value.replace("/srv", f"{in_image}/srv") for name, value in self.env.items()}
        env |= {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": in_image}
        env |= {"PYTHONPATH": str(self.root / "backend"), "LLMFORGE_IGNORE_ENV_FILE": "1"}
        script = Path(sys.executable).with_name(self.command[0])
        with (self.root.parent / "container.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, str(script), *self.command[1:]],
                cwd=self.root,
                env={**env, **secrets},
                stdout=log,
                stderr=subprocess.STDOUT,
                **_as_user(),
            )


def _as_user() -> dict[str, Any]:
    """Return what makes a child run as the image's user, if that user can run this Python."""
    as_user: dict[str, Any] = {"user": USER, "group": USER, "extra_groups": []}
    if os.geteuid() != 0:
        return {}
    try:
        can = subprocess.run([sys.executable, "-c", ""], check=False, **as_user).returncode == 0
    except OSError:
        can = False
    return as_user if can else {}


@pytest.fixture
def image(tmp_path: Path) -> Image:
    if subprocess.run(["git", "-C", str(PROJECT_ROOT), "rev-parse"], check=False).returncode:
        pytest.skip("the Space is made from a git checkout")
    repository = tmp_path / "repository"
    subprocess.run(["sh", str(SPACE / "space.sh"), str(repository)], check=True)
    if _as_user():
        for folder in (tmp_path, *tmp_path.parents[:2]):
            folder.chmod(0o755)
    return Image(repository, tmp_path / "srv")


@pytest.fixture
def database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The URL of an empty database of its own."""
    postgres._psql("llmforge", "create database space")
    yield postgres.url.rpartition("/")[0] + "/space"
    postgres._psql("llmforge", "drop database space with (force)")


def front_matter() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((SPACE / "README.md").read_text().split("---")[1])
    return found


def test_the_port_is_the_one_that_the_space_names(image: Image) -> None:
    front = front_matter()
    assert (front["sdk"], front["app_port"]) == ("docker", 7860)
    assert image.env["PORT"] == str(image.port) == "7860"
    assert len(front["short_description"]) <= 60


def test_a_run_goes_on_after_the_disk_was_lost(image: Image, database: str) -> None:
    """With Postgres elsewhere and no Redis: the Space's own is lost with its disk."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    secrets = {"LLMFORGE_API_KEY": KEY, "DATABASE_URL": database, "PORT": str(port)}
    client = httpx.Client(base_url=url, headers={"x-api-key": KEY}, trust_env=False, timeout=10)

    def answers(path: str, when: Callable[[Any], bool] = bool) -> Any:
        def ask() -> Any:
            try:
                found = client.get(path).json()
            except httpx.TransportError:
                return None
            return found if when(found) else None

        return wait_for(ask, path)

    space = image.run(secrets)
    try:
        assert answers("/health", lambda found: found["status"] == "ok")["ephemeral"] is False
        assert httpx.get(f"{url}/health/live", trust_env=False).status_code == 200
        assert httpx.get(f"{url}/api/v1/models", trust_env=False).status_code == 401
        page = httpx.get(url, trust_env=False)
        assert "frame-ancestors https://huggingface.co;" in page.headers["content-security-policy"]
        assert "x-frame-options" not in page.headers
        experiment = client.post("/api/v1/experiments", json={"config": CONFIG}).json()["id"]
        path = f"/api/v1/experiments/{experiment}"
        assert client.post(f"{path}/run").status_code < 300
        answers(path, lambda found: (found["progress"] or {}).get("done", 0) >= 8)
        space.send_signal(signal.SIGTERM)
        assert space.wait(30) == 0
        shutil.rmtree(image.root / "data" / "local")
        (image.root / "data" / "local").mkdir()
        shutil.chown(image.root / "data" / "local", USER if os.geteuid() == 0 else os.geteuid())

        space = image.run(secrets)
        ended = answers(path, lambda found: found["status"] in {"COMPLETED", "FAILED"})
        assert (ended["status"], ended["reason"]) == ("COMPLETED", None)
        assert client.get(f"/api/v1/results/{experiment}").json()["metrics"]["counts"]["ok"] == 40
        assert image.log.count('"event":"api_started"') == 2
        assert '"event":"experiment_ended"' in image.log
    finally:
        space.send_signal(signal.SIGTERM)
        space.wait(30)
        client.close()
