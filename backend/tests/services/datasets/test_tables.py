"""Tests of tables as people have them: CSV of spreadsheets, workbooks, Parquet, columns by other names."""

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from app.core.errors import InvalidInput
from app.domain.scoring import ScoringRule
from app.services.datasets.columns import Columns
from app.services.datasets.importers import Imported, read_dataset
from app.services.datasets.inspection import columns_of
from app.services.imports import tables
from app.services.imports.files import File


def read(
    data: str | bytes, name: str = "a.csv", columns: Sequence[str] = (), scoring: ScoringRule | None = None
) -> Imported:
    data = data.encode() if isinstance(data, str) else data
    return read_dataset("mine", [File(name, data)], scoring, Columns.parse(columns))


def pairs(found: Imported) -> list[tuple[str, tuple[str, ...]]]:
    return [(example.question, example.answers) for example in found.dataset.examples]


def refused(data: str | bytes, name: str = "a.csv", columns: Sequence[str] = ()) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read(data, name, columns)
    return caught.value


def workbook(*rows: Sequence[object], before: Sequence[Sequence[object]] = ()) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    if before:
        for row in before:
            sheet.append(list(row))
        sheet = book.create_sheet("questions")
    for row in rows:
        sheet.append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def parquet(**columns: list[Any]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


GERMAN = 'Question;Answer\r\n"Wie hoch; ungefähr?";3,5\r\n'
READ = [("Wie hoch; ungefähr?", ("3,5",))]


class TestSpreadsheetCsv:
    @pytest.mark.parametrize(
        "data",
        [
            GERMAN.encode(),
            GERMAN.encode("utf-8-sig"),
            GERMAN.encode("utf-16"),
            b"\xfe\xff" + GERMAN.encode("utf-16-be"),
            GERMAN.replace("\r\n", "\n").encode(),
            b"sep=;\r\n" + GERMAN.encode(),
            b"\xef\xbb\xbfSEP=;\r\n" + GERMAN.encode(),
            GERMAN.replace(";A", "\tA").replace(";3", "\t3").encode(),
            GERMAN.replace(";A", "\tA").replace(";3", "\t3").encode("utf-16"),
            GERMAN.replace("Answer", "Answer;;").replace("3,5", "3,5;;;").encode(),
        ],
        ids=[
            "semicolon",
            "bom",
            "utf-16",
            "utf-16-be",
            "lf",
            "sep",
            "bom-sep",
            "tab",
            "tab-16",
            "empty-cells",
        ],
    )
    def test_is_read(self, data: bytes) -> None:
        assert pairs(read(data)) == READ

    def test_lines_are_those_of_the_file(self) -> None:
        error = refused("sep=;\nquestion;answer\nq;a\nq\n")
        assert error.errors[0].field == "line 4"

    def test_trailing_commas(self) -> None:
        assert pairs(read("question,answer\nq,a,\nr,b,,,\n")) == [("q", ("a",)), ("r", ("b",))]

    def test_more_cells_say_what_would_do(self) -> None:
        (problem,) = refused("question,answer\nq,1,234\n").errors
        assert "more cells than the header (3, not 2)" in problem.message
        assert "quotation marks" in problem.message

    def test_other_code_pages_say_what_would_do(self) -> None:
        error = refused("question;answer\nWie groß?;5\n".encode("cp1252"))
        assert error.errors[0].field == "line 2"
        assert "CSV UTF-8" in error.hint

    def test_header_without_our_columns_says_what_would_do(self) -> None:
        (problem,) = refused("Frage;Antwort\nq;a\n").errors
        assert problem.field == "line 1"
        assert "there are: Frage, Antwort" in problem.message
        assert "--map question=NAME" in problem.message


class TestWorkbook:
    def test_is_read(self) -> None:
        rows = [
            ("Question", "Answer", "", "topic"),
            ("q", 5, None, "t"),
            (),
            ("r", 2.5),
            ("s", date(2024, 2, 1)),
        ]
        found = read(workbook(*rows), "a.xlsx")
        assert pairs(found) == [("q", ("5",)), ("r", ("2.5",)), ("s", ("2024-02-01",))]
        assert found.dataset.examples[0].metadata == {"topic": "t"}

    def test_is_known_by_its_content(self) -> None:
        assert pairs(read(workbook(("question", "answer"), ("q", "a")), "a.csv")) == [("q", ("a",))]

    def test_sheet_with_the_columns(self) -> None:
        found = read(workbook(("question", "answers"), ("q", "a|b"), before=[("notes",)]), "a.xlsx")
        assert pairs(found) == [("q", ("a", "b"))]
        assert found.dataset.description == "Of the sheets Sheet, questions it is questions."

    def test_formulas_are_not_evaluated(self) -> None:
        (problem,) = refused(workbook(("question", "answer"), ("q", "=1+1")), "a.xlsx").errors
        assert (problem.field, problem.message[:17]) == ("row 2", "answer is missing")

    def test_wrong_row_is_named_by_its_number(self) -> None:
        (problem,) = refused(workbook(("question", "answer"), ("q", "a"), ("r", True)), "a.xlsx").errors
        assert problem.field == "row 3"
        assert "yes or no" in problem.message

    def test_too_large_once_unpacked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tables, "MAX_UNPACKED", 1_000)
        assert "once it is unpacked" in refused(workbook(("question", "answer")), "a.xlsx").message

    def test_other_archives(self) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a.txt", "x")
        for data in (buffer.getvalue(), b"PK\x03\x04nonsense"):
            error = refused(data, "a.xlsx")
            assert error.errors[0].field == "file"
            assert ".xlsx" in error.hint


class TestParquet:
    def test_is_read(self) -> None:
        data = parquet(
            question=["q", "r"],
            answers=[{"text": ["a", "b"], "answer_start": [0, 1]}, {"text": ["c"], "answer_start": [3]}],
            level=[1.5, None],
        )
        found = read(data, "a.parquet")
        assert pairs(found) == [("q", ("a", "b")), ("r", ("c",))]
        assert [example.metadata for example in found.dataset.examples] == [{"level": 1.5}, {}]

    def test_columns_by_map(self) -> None:
        data = parquet(text=["q"], label=[{"value": "a"}])
        assert pairs(read(data, "x.parquet", ["question=text", "answer=label.value"])) == [("q", ("a",))]

    @pytest.mark.parametrize("data", [b"PAR1", b"PAR1" + b"\0" * 100 + b"PAR1"])
    def test_damaged(self, data: bytes) -> None:
        assert "cannot be read" in refused(data, "a.parquet").message

    def test_too_large(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tables, "MAX_ROWS", 1)
        assert "1 rows" in refused(parquet(question=["q", "r"], answer=["a", "b"]), "a.parquet").message


@pytest.mark.parametrize(
    ("data", "name", "what"),
    [
        (b"\xd0\xcf\x11\xe0rest", "a.csv", ".xlsx"),
        (b"\x1f\x8brest", "a.jsonl", "Unpack"),
        (b"%PDF-1.7", "a.csv", "CSV"),
        (b"question,answer", "a.xlsx", ".csv"),
    ],
)
def test_what_cannot_be_read_says_what_would_do(data: bytes, name: str, what: str) -> None:
    assert what in refused(data, name).hint


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ('{"question": "q", "answer": "b"}\n{"question": "r", "answer": "c"}\n', "a.json"),
        ('{"question": "q", "answer": "b"}\r\n\r\n{"question": "r", "answer": "c"}', "a.csv"),
        ('[{"question": "q", "answer": "b"}, {"question": "r", "answer": "c"}]', "a.jsonl"),
        ('[\n  {"question": "q", "answer": "b"},\n  {"question": "r", "answer": "c"}\n]', "a.jsonl"),
    ],
)
def test_json_under_another_name(data: str, name: str) -> None:
    assert pairs(read(data, name)) == [("q", ("b",)), ("r", ("c",))]


class TestColumns:
    @pytest.mark.parametrize(
        "row",
        [
            {"Question": "q", "Answer": "a"},
            {"input": "q", "target": "a"},
            {"QUESTION ": "q", " Golden Answers": ["a"]},
            {"question": "q", "golden_answers": ["a"]},
            {"query": "q", "expected_output": "a"},
            {"prompt": "q", "ideal": "a"},
            {"question": "q", "possible_answers": '["a"]'},
            {"question": "q", "answer": {"value": "a", "aliases": []}},
            {"question": "q", "answers": {"text": ["a"], "answer_start": [0]}},
            {"question": "q", "answers": [{"text": "a", "answer_start": 3}]},
        ],
    )
    @pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
    def test_spellings(self, row: dict[str, Any], name: str) -> None:
        data = json.dumps([row] if name == "a.json" else row)
        assert pairs(read(data, name)) == [("q", ("a",))]

    def test_what_was_chosen_is_said(self) -> None:
        found = read('{"input": "q", "target": "b"}', "a.jsonl")
        assert found.warnings == ("Columns by their names: question from input, answer from target.",)
        assert found.dataset.examples[0].metadata == {}

    def test_our_names_come_first(self) -> None:
        row = {"question": "q", "answer": "a", "input": "i", "target": "t", "_id": "7"}
        (example,) = read(json.dumps(row), "a.jsonl").dataset.examples
        assert (example.question, example.answers, example.key) == ("q", ("a",), "7")
        assert example.metadata == {"input": "i", "target": "t"}

    def test_map(self) -> None:
        row = {"question": "q", "answer": "a", "id": "x", "wanted": {"best": ["b"]}}
        given = ["answers=wanted.best", "id=", "cluster=answer"]
        (example,) = read(json.dumps(row), "a.jsonl", given).dataset.examples
        assert (example.key, example.answers, example.cluster) == ("0", ("b",), "a")
        assert example.metadata == {"id": "x", "wanted": {"best": ["b"]}}

    def test_map_of_a_table(self) -> None:
        given = ["question=Frage", "answers=Antwort"]
        assert pairs(read("Frage;Antwort;answer\nq;a|b;c\n", columns=given)) == [("q", ("a", "b"))]

    def test_gsm8k_is_known_behind_a_map(self) -> None:
        found = read('{"q": "?", "a": "1 + 1 = 2\\n#### 2"}', "a.jsonl", ["question=q", "answer=a"])
        assert (found.dataset.scoring, found.dataset.examples[0].answers) == ("gsm8k", ("2",))

    @pytest.mark.parametrize(
        "given", [["x=a"], ["question"], ["answer=a", "answer=b"], ["answer=a", "answers=b"]]
    )
    def test_wrong_map(self, given: list[str]) -> None:
        assert refused("question,answer\nq,a", columns=given).errors[0].field == "map"

    def test_mapped_column_that_is_not_there(self) -> None:
        (problem,) = refused("question,answer\nq,a", columns=["answer=gold"]).errors
        assert "--map answer=NAME" in problem.message
        (problem,) = refused('{"question": "q", "answer": "a"}', "a.jsonl", ["question=nope"]).errors
        assert problem.message.startswith("question is missing or empty; there are: question, answer.")


class TestGolds:
    @pytest.mark.parametrize(
        ("answer", "answers"),
        [("5.0", ("5.0", "5")), ("2.50", ("2.5",)), ("[5.0, 5]", ("5.0", "5")), ("1e300", ("1e+300",))],
    )
    def test_numbers(self, answer: str, answers: tuple[str, ...]) -> None:
        assert pairs(read(f'{{"question": "q", "answer": {answer}}}', "a.jsonl")) == [("q", answers)]

    @pytest.mark.parametrize(
        ("answer", "way_out"),
        [
            ("true", "yes or no"),
            ("NaN", "leave the line out"),
            ("null", "give answer"),
            ("[null]", "leave it out of the list"),
            ('[["a", "b"], "c"]', "one flat list"),
            ('{"best": "a"}', "--map answer=answer.KEY"),
        ],
    )
    def test_refusals_say_what_would_do(self, answer: str, way_out: str) -> None:
        (problem,) = refused(f'{{"question": "q", "answer": {answer}}}', "a.jsonl").errors
        assert problem.field == "line 1"
        assert way_out in problem.message

    @pytest.mark.parametrize(
        "gold",
        ["1/2", "0.5", "50%", "-3", "–3", "1,234.50", "1 234", "1\u202f234", "1.234,56", "3,5", "1.5 million"]
        + ["1.2e5", "1'000", "007", "1,00,000", "$29.00", "(3.14)", "+7", "18 dollars"],
    )
    def test_numbers_that_can_be_compared(self, gold: str) -> None:
        assert pairs(read(json.dumps({"question": "q", "answer": gold}), "a.jsonl", scoring="gsm8k"))

    @pytest.mark.parametrize("gold", ["between 5 and 7", "12:30", "yes", "5-7", "1/0", "12 or 18"])
    def test_what_is_no_number_is_refused(self, gold: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            read(json.dumps({"question": "q", "answer": gold}), "a.jsonl", scoring="gsm8k")
        (problem,) = caught.value.errors
        assert problem.field == "line 1"
        assert "write a single one, or choose another scoring" in problem.message


def warnings(*rows: dict[str, Any], scoring: ScoringRule | None = None) -> str:
    return " ".join(read("\n".join(map(json.dumps, rows)), "a.jsonl", scoring=scoring).warnings)


class TestWarnings:
    def test_none(self) -> None:
        assert warnings({"question": "q", "answer": "a b"}, {"question": "r", "answer": "Übung"}) == ""

    @pytest.mark.parametrize("ids", [("a", "a "), ("a", "A"), (1, 1.0), ("x", " X ")])
    def test_ids_that_look_alike(self, ids: tuple[object, object]) -> None:
        rows = [{"id": key, "question": f"q{key}", "answer": "b"} for key in ids]
        assert "kept apart" in (said := warnings(*rows))
        assert "line 1, 2" in said

    def test_equal_questions(self) -> None:
        rows = [("q", "b"), ("q", "c"), ("r", "d"), ("r", "d"), ("s", "e")]
        said = warnings(*({"question": question, "answer": answer} for question, answer in rows))
        assert "1 question is there more than once, with different answers: lines 1, 2." in said
        assert "1 question is there more than once, with the same answers: lines 3, 4." in said

    @pytest.mark.parametrize("gold", ["!!!", "The The", "A"])
    def test_golds_of_which_nothing_is_left(self, gold: str) -> None:
        said = warnings({"question": "q", "answer": "b"}, {"question": "r", "answer": gold})
        assert "nothing is left of 1 answer, so that any other" in said
        assert f"would be right: “{gold}” (line 2). The scoring multilingual" in said
        assert warnings({"question": "r", "answer": gold}, scoring="multilingual") == ""

    @pytest.mark.parametrize("gold", ["北京", "القاهرة", "Київ", "กรุงเทพ"])
    def test_other_scripts(self, gold: str) -> None:
        said = warnings({"question": "q", "answer": "b"}, {"question": "r", "answer": gold})
        assert f"1 of 2 answers are not in Latin script (“{gold}”, line 2)" in said
        assert "multilingual" in said


class TestInspection:
    def test_columns_values_and_guess(self) -> None:
        found = columns_of(File("a.csv", GERMAN.encode("utf-8-sig")[:-3]))
        assert [(one.name, one.values) for one in found.columns] == [
            ("Question", ["Wie hoch; ungefähr?"]),
            ("Answer", ["3,"]),
        ]
        assert (found.fields, found.published) == ({"question": "Question", "answer": "Answer"}, False)

    def test_cut_jsonl(self) -> None:
        found = columns_of(File("a.jsonl", '{"frage": "ü", "x": [1]}\n{"frage": "ü'.encode()[:-1]))
        assert [(one.name, one.values) for one in found.columns] == [("frage", ["ü"]), ("x", ["[1]"])]
        assert found.fields == {}

    @pytest.mark.parametrize("name", ["a.xlsx", "a.csv"])
    def test_workbook(self, name: str) -> None:
        found = columns_of(File(name, workbook(("Frage", "answer"), ("q", 7))))
        assert [(one.name, one.values) for one in found.columns] == [("Frage", ["q"]), ("answer", ["7"])]

    def test_published(self) -> None:
        assert columns_of(File("a.json", b'{"Data": []}')).published
