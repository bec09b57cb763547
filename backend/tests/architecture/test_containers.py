"""No Docker engine is needed to keep the container files honest: what they name must exist."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from app.cli import app as command_line
from app.core.config import PROJECT_ROOT, Settings
from app.services.inference.catalog_file import load_catalog
from tools import guide

DOCKERFILE = (PROJECT_ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / "docker-compose.yml").read_text())
INSTRUCTIONS = DOCKERFILE.replace("\\\n", " ").splitlines()


def commands() -> list[list[str]]:
    """Return every `llmforge …` that a container runs."""
    found = [yaml.safe_load(line.removeprefix("CMD ")) for line in INSTRUCTIONS if line.startswith("CMD ")]
    found += [service["command"] for service in COMPOSE["services"].values() if "command" in service]
    return [command for command in found if command[0] == "llmforge"]


class TestDockerfile:
    def test_copies_only_what_exists(self) -> None:
        sources = [
            source
            for line in INSTRUCTIONS
            if line.startswith("COPY ") and "--from" not in line
            for source in shlex.split(line.removeprefix("COPY "))[:-1]
        ]
        assert sources
        assert [source for source in sources if not (PROJECT_ROOT / source).exists()] == []

    def test_builds_the_dashboard_as_make_does(self) -> None:
        makefile = (PROJECT_ROOT / "Makefile").read_text()
        assert "FROM node:22-slim AS dashboard" in INSTRUCTIONS
        assert "COPY --from=dashboard /srv/frontend/out frontend/out" in INSTRUCTIONS
        for command in (r"npm ci --omit=dev|\$\(NPM\) ci --omit=dev", "run (--silent )?build"):
            assert re.search(command, DOCKERFILE)
            assert re.search(command, makefile)

    def test_builds_the_guide_as_make_does(self) -> None:
        assert "COPY --from=guide /srv/site site" in INSTRUCTIONS
        for file in (DOCKERFILE, (PROJECT_ROOT / "Makefile").read_text()):
            assert "python -m tools.guide" in file
        assert f"/srv/packages {guide.MERMAID.replace('-', '@')}" in DOCKERFILE

    def test_copies_nothing_that_is_ignored(self) -> None:
        ignored = (PROJECT_ROOT / ".dockerignore").read_text().split()
        assert {".env", "data/local", ".venv"} <= set(ignored)

    def test_does_not_run_as_root(self) -> None:
        users = [line for line in INSTRUCTIONS if line.startswith("USER ")]
        assert users == ["USER 1000"]

    def test_installs_as_make_does(self) -> None:
        makefile = (PROJECT_ROOT / "Makefile").read_text()
        files = re.findall(r"-r (backend/requirements\S*\.txt)", DOCKERFILE)
        assert files == [f"backend/requirements{part}.txt" for part in ("-guide", "-setup", "", "-models")]
        assert all(f"-r {file}" in makefile for file in files)
        torch = "--torch-backend=cpu"
        assert torch in DOCKERFILE
        assert torch in makefile

    def test_base_image_has_a_python_that_the_package_takes(self) -> None:
        found = re.search(r"^FROM python:3\.(\d+)", DOCKERFILE, re.MULTILINE)
        assert found is not None
        assert int(found[1]) >= 11


class TestCompose:
    def test_every_command_exists(self) -> None:
        assert len(commands()) == 2
        for command in commands():
            result = CliRunner().invoke(command_line, [*command[1:], "--help"])
            assert result.exit_code == 0, command

    def test_passes_only_variables_that_something_reads(self) -> None:
        catalog = load_catalog(PROJECT_ROOT / "configs" / "models.yaml")
        known = {f"LLMFORGE_{name.upper()}" for name in Settings.model_fields}
        known |= {str(field.validation_alias) for field in Settings.model_fields.values()}
        for provider in catalog.providers.values():
            known |= {name for name in (provider.api_key_env, provider.base_url_env) if name}
        assert set(COMPOSE["x-app"]["environment"]) <= known

    def test_no_port_is_open_beyond_this_machine(self) -> None:
        ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
        assert ports == ["127.0.0.1:8000:8000"]

    def test_every_server_asks_for_a_password_that_nobody_can_guess(self) -> None:
        text = (PROJECT_ROOT / "docker-compose.yml").read_text()
        for name in ("LLMFORGE_API_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"):
            assert f"${{{name}:?" in text
            assert f"${{{name}:-" not in text
        environment = COMPOSE["x-app"]["environment"]
        assert "app:${POSTGRES_PASSWORD:?" in environment["DATABASE_URL"]
        assert "redis://:${REDIS_PASSWORD:?" in environment["REDIS_URL"]
        assert "requirepass" in " ".join(COMPOSE["services"]["redis"]["command"])

    @pytest.mark.parametrize("name", ["api", "worker", "postgres", "redis"])
    def test_has_the_service(self, name: str) -> None:
        assert name in COMPOSE["services"]

    def test_every_dependency_can_tell_that_it_is_healthy(self) -> None:
        services = COMPOSE["services"]
        for service in services.values():
            for dependency, condition in service.get("depends_on", {}).items():
                assert condition == {"condition": "service_healthy"}
                assert "healthcheck" in services[dependency]

    def test_every_volume_is_declared(self) -> None:
        used = {
            volume.partition(":")[0]
            for service in COMPOSE["services"].values()
            for volume in service.get("volumes", [])
        }
        assert used == set(COMPOSE["volumes"])


class TestDeployment:
    """What the files and the guide of a deployment name must exist."""

    FILES = (
        *(PROJECT_ROOT / "deploy").rglob("*.*"),
        PROJECT_ROOT / "deploy" / "huggingface" / "Dockerfile",
        PROJECT_ROOT / "docs" / "how-to" / "deploy.md",
    )

    def test_settings(self) -> None:
        named = {name for file in self.FILES for name in re.findall(r"LLMFORGE_[A-Z_]+", file.read_text())}
        assert len(named) > 5
        assert named <= {f"LLMFORGE_{name.upper()}" for name in Settings.model_fields}

    def test_links_lead_somewhere(self) -> None:
        page = self.FILES[-1]
        links = re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text())
        assert links
        assert [link for link in links if not (page.parent / link).exists()] == []

    def test_the_table_of_limits_follows_from_the_constants(self) -> None:
        text = self.FILES[-1].read_text()
        found = re.findall(r"^\| Redis commands, .* \| ([0-9,]+)(?: a day)? \|$", text, re.MULTILINE)
        idle, an_hour, a_run = (int(number.replace(",", "")) for number in found)
        runs_an_hour = 60 / 5
        hour = an_hour + runs_an_hour * a_run
        hours = (500_000 - 30 * idle) / hour
        assert f"| {hours:.0f} hours of runs of 5 minutes" in text
        assert (
            f"beside the {30 * idle:,} of idling: {round(hours * runs_an_hour, -2):,.0f} experiments" in text
        )
        assert f"| {(10_000 - idle) / hour:.1f} hours of such runs a day |" in text
        share = (30 * 24 * an_hour + a_run + 30 * idle) / 500_000
        assert f"One run that lasts all month takes {100 * share:.0f} % of it" in text


class TestReadme:
    README = (PROJECT_ROOT / "README.md").read_text()

    def test_its_two_commands_are_targets(self) -> None:
        makefile = (PROJECT_ROOT / "Makefile").read_text()
        for target in re.findall(r"^\$ make (\w+)", self.README, re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target

    def test_its_commands_exist(self) -> None:
        names = set(re.findall(r"(?:`|\$ )llmforge (\w+)", self.README))
        assert len(names) >= 6
        for name in names:
            assert CliRunner().invoke(command_line, [name, "--help"]).exit_code == 0, name

    def test_its_links_lead_somewhere(self) -> None:
        links = re.findall(r"\]\((?!http)([^)#]+)\)", self.README)
        assert [link for link in links if not Path(PROJECT_ROOT / link).exists()] == []
