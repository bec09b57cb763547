"""The conventions hold in this code, and each rule fires on what breaks it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.conventions import BACKEND, check, check_tree, main


def messages(path: str, source: str) -> list[str]:
    return [str(finding) for finding in check(path, source)]


def function_of(lines: int, name: str = "f") -> str:
    return f"def {name}():\n" + "    x = 1\n" * (lines - 1)


class TestThisCode:
    def test_keeps_the_conventions(self) -> None:
        assert [str(finding) for finding in check_tree(BACKEND)] == []

    def test_every_folder_is_looked_at(self) -> None:
        assert all(any((BACKEND / name).rglob("*.py")) for name in ("app", "tests", "benchmarks"))


class TestTransactions:
    @pytest.mark.parametrize("call", ["commit", "rollback"])
    @pytest.mark.parametrize(
        "path", ["app/api/a.py", "app/tasks/a.py", "app/core/database.py", "app/cli/a.py", "app/main.py"]
    )
    def test_outside_services(self, path: str, call: str) -> None:
        source = f"async def f(session):\n    await session.{call}()\n"
        assert messages(path, source) == [
            f"{path}:2: .{call}( outside services, which own transactions",
        ]

    @pytest.mark.parametrize(
        "path", ["app/services/a/service.py", "app/core/migrations.py", "tests/test_a.py"]
    )
    def test_where_they_may_be(self, path: str) -> None:
        assert messages(path, "async def f(session):\n    await session.commit()\n") == []

    def test_a_name_alone_is_no_call(self) -> None:
        assert messages("app/api/a.py", "commit = session.commit\n") == []


class TestVocabulary:
    @pytest.mark.parametrize(
        ("path", "source", "word"),
        [
            ("app/services/a/equipment.py", "x = 1\n", "equipment"),
            ("app/services/a/b.py", "class ItemFeed:\n    pass\n", "item"),
            ("app/services/a/b.py", "class RunArms:\n    pass\n", "arms"),
            ("app/services/a/b.py", "async def open_journal():\n    pass\n", "journal"),
            ("app/services/a/b.py", "class C:\n    def keep_pace(self):\n        pass\n", "pace"),
        ],
    )
    def test_words_that_the_glossary_does_not_use(self, path: str, source: str, word: str) -> None:
        assert f"not {word}" in messages(path, source)[0]

    def test_private_names_and_tests_are_free(self) -> None:
        assert messages("app/services/a/b.py", "def _pace():\n    pass\n") == []
        assert messages("tests/test_pace.py", "class Arm:\n    pass\n") == []

    def test_parts_of_words_are_no_words(self) -> None:
        assert messages("app/services/a/b.py", "def inform_platforms():\n    pass\n") == []


class TestSql:
    @pytest.mark.parametrize("name", ["select", "insert", "update", "delete"])
    @pytest.mark.parametrize(
        "source",
        [
            "from sqlalchemy import {name}\n\nq = {name}(t)\n",
            "from sqlalchemy import {name} as s\n\nq = s(t)\n",
            "from sqlalchemy.dialects.postgresql import {name}\n\nq = {name}(t)\n",
            "import sqlalchemy\n\nq = sqlalchemy.{name}(t)\n",
            "import sqlalchemy as sa\n\nq = sa.sql.{name}(t)\n",
            "from sqlalchemy.dialects import postgresql\n\nq = postgresql.{name}(t)\n",
        ],
    )
    def test_outside_repositories(self, source: str, name: str) -> None:
        expected = f"app/services/a/service.py:3: {name}( outside of a file named *repository.py"
        assert messages("app/services/a/service.py", source.format(name=name)) == [expected]

    @pytest.mark.parametrize("path", ["app/services/a/repository.py", "app/services/a/run_repository.py"])
    def test_in_repositories(self, path: str) -> None:
        assert messages(path, "from sqlalchemy import select\n\nq = select(t)\n") == []

    def test_what_only_shares_the_name(self) -> None:
        source = "import hashlib\n\nhashlib.sha256().update(b'')\nrows.insert(0, 1)\nselect(1)\n"
        assert messages("app/services/a/service.py", source) == []


class TestCaps:
    def test_file(self) -> None:
        assert messages("tests/a.py", "x = 1\n" * 400) == []
        assert messages("tests/a.py", "x = 1\n" * 401) == [
            "tests/a.py:401: 401 lines; a file has 400 at most",
        ]

    def test_function(self) -> None:
        assert messages("benchmarks/a.py", function_of(60)) == []
        assert messages("benchmarks/a.py", "x = 1\n" + function_of(61, "long")) == [
            "benchmarks/a.py:2: long has 61 lines; a function has 60 at most",
        ]

    def test_method_and_decorators_count(self) -> None:
        body = "        x = 1\n" * 59
        source = f"class A:\n    @one\n    @two\n    async def f(self):\n{body}"
        assert messages("app/a.py", source) == ["app/a.py:2: f has 62 lines; a function has 60 at most"]


class TestAllowList:
    def write(self, root: Path, lines: int) -> None:
        (root / "app").mkdir()
        (root / "app" / "long.py").write_text("x = 1\n" * lines)

    def test_an_entry_allows(self, tmp_path: Path) -> None:
        self.write(tmp_path, 401)
        assert len(check_tree(tmp_path, frozenset())) == 1
        assert check_tree(tmp_path, frozenset({"app/long.py"})) == []

    def test_a_stale_entry_is_an_error(self, tmp_path: Path) -> None:
        self.write(tmp_path, 400)
        (finding,) = check_tree(tmp_path, frozenset({"app/long.py"}))
        assert "take it out" in finding.message

    def test_only_caps_can_be_allowed(self, tmp_path: Path) -> None:
        (tmp_path / "app").mkdir()
        (tmp_path / "app" / "a.py").write_text("session.commit()\n")
        assert len(check_tree(tmp_path, frozenset({"app/a.py"}))) == 2


class TestProgram:
    def test_exit_code_and_place(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "app").mkdir()
        (tmp_path / "app" / "a.py").write_text("\nsession.commit()\n")
        assert main([str(tmp_path)]) == 1
        assert capsys.readouterr().out.startswith("app/a.py:2: ")

    def test_as_a_module(self) -> None:
        command = [sys.executable, "-m", "tools.conventions"]
        done = subprocess.run(command, cwd=BACKEND, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "Conventions: nothing to mend.\n")
