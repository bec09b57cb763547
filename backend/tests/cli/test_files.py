"""Tests of experiment files: what is read, and what is said about what is wrong."""

from pathlib import Path
from typing import Any

import pytest
import typer

from app.cli.files import read_experiment, read_mapping

GOOD = "name: n\nmodel: mock/echo\ndataset: {name: quiz}\n"


def write(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "e.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


class TestRead:
    def test_a_file_as_it_is(self, tmp_path: Path) -> None:
        config = read_experiment(write(tmp_path, GOOD + "description: größer\n"), {"seed": None})
        assert (config.name, config.seed, config.description) == ("n", 0, "größer")

    @pytest.mark.parametrize(
        ("overrides", "expected"),
        [
            ({"model": "mock/hash"}, "mock/hash"),
            ({"seed": 0}, 0),
            ({"seed": 5}, 5),
            ({"dataset.n": 3}, 3),
            ({"params.max_tokens": 9}, 9),
        ],
    )
    def test_overrides(self, tmp_path: Path, overrides: dict[str, Any], expected: Any) -> None:
        value: Any = read_experiment(write(tmp_path, GOOD + "seed: 1\n"), overrides).as_json()
        for part in next(iter(overrides)).split("."):
            value = value[part]
        assert value == expected

    @pytest.mark.parametrize(
        ("line", "field", "value"),
        [
            ("timeout_s: 1e3", "timeout_s", 1000.0),
            ("timeout_s: 6_0", "timeout_s", 60.0),
            ("seed: 5.0", "seed", 5),
            ("seed: 0x10", "seed", 16),
            ("max_failed_share: 1", "max_failed_share", 1.0),
            ("cache: no", "cache", False),
            ("cache: ON", "cache", True),
            ("cache: false", "cache", False),
        ],
    )
    def test_numbers_and_booleans_as_yaml_writes_them(
        self, tmp_path: Path, line: str, field: str, value: object
    ) -> None:
        read = getattr(read_experiment(write(tmp_path, f"{GOOD}{line}\n"), {}), field)
        assert (read, type(read)) == (value, type(value))

    def test_the_demo(self) -> None:
        demo = Path(__file__).parents[3] / "configs" / "experiments" / "demo.yaml"
        assert read_experiment(demo, {}).model == "local/smollm2-135m-instruct"


class TestWrong:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (GOOD + "name: again\n", "the key 'name' is given twice"),
            (GOOD + "name: again\n", "line 4"),
            ("name: n\ndataset: {name: a, name: b}\n", "line 2, column 20"),
            (GOOD + "colour: red\n", "colour: there is no such field"),
            (GOOD + "params: {heat: 1}\n", "params.heat: there is no such field"),
            (GOOD + "params: {temperature: -1}\n", "params.temperature: "),
            (GOOD + "seed: many\n", "seed: "),
            (GOOD + "seed: '5'\n", "seed: Input should be a valid integer"),
            (GOOD + "repeats: true\n", "repeats: Input should be a valid integer"),
            (
                GOOD + "method: {name: rag, chunk_overlap: false}\n",
                "method.chunk_overlap: Input should be a valid integer",
            ),
            (GOOD + "cache: perhaps\n", "cache: Input should be a valid boolean"),
            (GOOD + "cache: 1\n", "cache: Input should be a valid boolean"),
            (GOOD + "method: {name: naive, template: no place}\n", "must hold the place {question}"),
            ("name: n\n", "model: Field required"),
            ("- a\n- b\n", "does not contain an experiment"),
            ("just text", "does not contain an experiment"),
            ("", "does not contain an experiment"),
            ("name: [1, 2\n", "line 2"),
            ("name: n\n\tmodel: x\n", "line 2"),
            ("? [a, b]\n: c\n", "does not contain an experiment"),
            ("name: !!python/object:os.system x\n", "line 1"),
            (b"name: n\nmodel: \xff\xfe\n", "is not UTF-8 text: line 2"),
            (b"name: a\0b\n", "special characters are not allowed"),
            (GOOD.replace("{name: quiz}", "quiz"), "dataset: "),
        ],
    )
    def test_the_place_is_named(
        self, tmp_path: Path, content: str | bytes, said: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = write(tmp_path, content)
        with pytest.raises(typer.Exit) as refused:
            read_experiment(path, {"dataset.n": 5} if b"quiz}" not in path.read_bytes() else {})
        assert refused.value.exit_code == 1
        printed = capsys.readouterr()
        assert said in printed.err
        assert str(path) in printed.err
        assert printed.out == ""

    def test_a_file_that_is_not_there(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for path in (tmp_path / "none.yaml", tmp_path):
            with pytest.raises(typer.Exit):
                read_experiment(path, {})
            assert f"Cannot read {path}: " in capsys.readouterr().err


@pytest.mark.parametrize("text", ["[" * 3000, "{a: " * 3000, "- " * 3000])
def test_nested_too_deeply(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "deep.yaml"
    path.write_text(text)
    with pytest.raises(typer.Exit):
        read_mapping(path)
    assert "deep.yaml" in capsys.readouterr().err
