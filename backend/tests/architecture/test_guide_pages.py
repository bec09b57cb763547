"""The pages of ``docs/``: links lead somewhere, generated pages are fresh, and what they show works."""

import re
import shlex
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from app.core.config import PROJECT_ROOT
from app.core.errors import AppError
from app.domain.status import FailureKind
from app.schemas.comparison import ComparisonConfig
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.gate import GatePolicy
from app.services.evaluation.metrics.registry import METRICS
from app.services.evaluation.scorers.registry import SCORERS
from tools import guide, links
from tools.reference import messages
from tools.reference.__main__ import FOLDER, PAGES
from tools.reference.command_line import commands
from tools.reference.metrics import FORMULAS

DOCS = PROJECT_ROOT / "docs"
TROUBLESHOOTING = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_PAGES = sorted(page for kind in ("tutorials", "how-to") for page in (DOCS / kind).glob("*.md"))


class TestReference:
    @pytest.mark.parametrize("name", sorted(PAGES))
    def test_is_what_the_code_makes(self, name: str) -> None:
        fresh = (FOLDER / name).read_text(encoding="utf-8") == PAGES[name]()
        assert fresh, f"{name}: run `python -m tools.reference`"

    def test_every_score_and_metric_has_a_formula(self) -> None:
        names = {score.name for score in SCORERS.descriptions()}
        names |= {metric.description.name for metric in METRICS}
        assert set(FORMULAS) == names


class TestTroubleshooting:
    def test_explains_every_kind_of_failure_and_every_code(self) -> None:
        codes = {AppError.code, *(each.code for each in AppError.__subclasses__())}
        expected = codes | {kind.value for kind in FailureKind}
        rows = re.findall(r"^\| `(\w+)` \|(.+)\|$", TROUBLESHOOTING, re.MULTILINE)
        assert {name for name, _ in rows} == expected
        assert all(cell.strip() for _, rest in rows for cell in rest.split("|"))

    def test_every_error_that_the_code_raises_is_listed_or_said_to_be_hidden(self) -> None:
        known = set(messages.GROUPS) | messages.NOT_SHOWN
        assert {name: files for name, files in messages.raised().items() if name not in known} == {}

    def test_lists_messages_as_they_are_written(self) -> None:
        listed = {each.message for each in messages.found()}
        assert "The dataset … has … examples, not …." in listed
        # Worded by a constant, by a variable, and for a reader that collects errors.
        assert any(one.startswith("DATABASE_URL cannot be read.") for one in listed)
        assert "The request is larger than … MB." in listed
        assert "needs context, question, answer, and a label that is faithful or unfaithful" in listed
        assert len(listed) > 200


class TestLinks:
    def test_lead_somewhere(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert links.main() == 0, capsys.readouterr().out

    @pytest.mark.parametrize(
        ("target", "wrong"),
        [
            ("b.md", ""),
            ("b.md#a-heading", ""),
            ("#own-heading", ""),
            ("https://example.org/x", ""),
            ("c.md", "does not exist"),
            ("b.md#no", "has no heading"),
            ("../README.md", "is not in docs/"),
            ("../../x.md", "leads out"),
            ("folder", "is a folder"),
        ],
    )
    def test_finds_what_is_wrong(self, tmp_path: Path, target: str, wrong: str) -> None:
        docs = tmp_path / "docs"
        (docs / "folder").mkdir(parents=True)
        (tmp_path / "README.md").touch()
        (docs / "a.md").write_text("# Own *heading*\n")
        (docs / "b.md").write_text("# B\n\n## A heading\n\n```sh\n# No\n```\n")
        assert links.problem(docs / "a.md", target, tmp_path).startswith(wrong)
        assert bool(links.problem(docs / "a.md", target, tmp_path)) == bool(wrong)

    def test_reads_no_links_in_code(self, tmp_path: Path) -> None:
        page = tmp_path / "a.md"
        page.write_text('`[x](no.md)`\n```text\n[x](no.md)\n```\n[x](yes.md "title")\n')
        assert list(links.links(page)) == [(5, "yes.md")]


def _blocks(kind: str) -> Iterator[tuple[str, str]]:
    for page in _PAGES:
        for found in _BLOCK.finditer(page.read_text(encoding="utf-8")):
            if found[1] == kind:
                yield page.name, found[2]


class TestExamples:
    def test_commands_exist_with_their_options(self) -> None:
        known = dict(commands())
        seen = 0
        for page, block in _blocks("console"):
            for line in re.findall(r"^ *\$ llmforge (.*)$", block, re.MULTILINE):
                words = ["llmforge", *shlex.split(line, comments=True)]
                name = next((n for n in (" ".join(words[:3]), " ".join(words[:2])) if n in known), None)
                assert name, f"{page}: there is no {line}"
                options = {o for each in known[name].params for o in (*each.opts, *each.secondary_opts)}
                used = {word.partition("=")[0] for word in words if word.startswith("--")}
                assert used <= options | {"--help"}, f"{page}: {line}"
                seen += 1
        assert seen > 20

    def test_files_are_valid(self) -> None:
        seen = 0
        for page, block in _blocks("yaml"):
            body: dict[str, Any] = yaml.safe_load(block)
            if "name" in body:
                kinds: dict[str, type[BaseModel]] = {"base": ComparisonConfig, "rules": GatePolicy}
                of = next((kind for key, kind in kinds.items() if key in body), ExperimentConfig)
                of.model_validate(body)
                seen += 1
                assert block.startswith("#"), f"{page}: the file has no name"
        assert seen >= 4


class TestSite:
    def test_scripts_are_moved_into_files(self, tmp_path: Path) -> None:
        for name in ("index.html", "a/b/index.html", "404.html"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(
                '<link href="/x.css"><script>run()</script>'
                '<script type="application/json">{"base":"/"}</script>'
            )
        guide.finish(tmp_path, None)
        (script,) = (tmp_path / "assets" / "inline").glob("*.js")
        assert script.read_text() == "run()"
        for name, base in (("index.html", "."), ("a/b/index.html", "../.."), ("404.html", "/guide")):
            page = (tmp_path / name).read_text()
            assert f'<script src="{base}/assets/inline/{script.name}"></script>' in page
            assert "<script>" not in page
        assert 'href="/guide/x.css"' in (tmp_path / "404.html").read_text()
        assert '"base":"/guide/"' in (tmp_path / "404.html").read_text()

    @pytest.mark.parametrize("script", [b"draw()", None])
    def test_diagrams_are_drawn_by_a_script_of_the_site_or_are_code(
        self, tmp_path: Path, script: bytes | None
    ) -> None:
        (tmp_path / "with").mkdir()
        diagram = '<body><pre class="mermaid"><code>flowchart TD</code></pre></body>'
        (tmp_path / "with" / "index.html").write_text(diagram)
        (tmp_path / "index.html").write_text("<body></body>")
        guide.finish(tmp_path, script)
        page = (tmp_path / "with" / "index.html").read_text()
        assert ('<script src="../assets/mermaid.min.js"></script>' in page) == (script is not None)
        assert ('class="mermaid"' in page) == (script is not None)
        assert "mermaid" not in (tmp_path / "index.html").read_text()
        assert (tmp_path / "assets" / "mermaid.min.js").exists() == (script is not None)

    def test_a_package_with_another_script_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(guide, "_PACKAGES", tmp_path)
        (tmp_path / "mermaid.min.js").write_text("other()")
        with tarfile.open(tmp_path / f"{guide.MERMAID}.tgz", "w:gz") as archive:
            archive.add(tmp_path / "mermaid.min.js", "package/dist/mermaid.min.js")
        with pytest.raises(ValueError, match="delete it"):
            guide.mermaid_script()
