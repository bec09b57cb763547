"""Tests of reading dataset files: what is wrong is named by its line, and nothing is half-imported."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInput
from app.domain.examples import Example
from app.domain.scoring import ScoringRule
from app.services.datasets.importers import format_of, read_dataset
from app.services.imports.files import MAX_REPORTED, File, decode
from tests.factories import properties

GOOD = '{"question": "q", "answer": "a"}'


def read(data: str | bytes, name: str = "a.jsonl", scoring: ScoringRule = "squad") -> Sequence[Example]:
    data = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    return read_dataset("mine", [File(name, data)], scoring).dataset.examples


def jsonl(*rows: Any) -> Sequence[Example]:
    return read("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))


def table(text: str) -> Sequence[Example]:
    return read(text, "a.csv")


def refused(text: str, fmt: Literal["jsonl", "csv"] = "jsonl") -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read(text, f"a.{fmt}")
    return caught.value


class TestFormat:
    @pytest.mark.parametrize(
        ("name", "fmt"),
        [
            ("a.jsonl", "jsonl"),
            ("a.ndjson", "jsonl"),
            ("A.JSONL", "jsonl"),
            ("b.c.csv", "csv"),
            ("a b.CSV", "csv"),
            ("a.Json", "json"),
            ("a.tsv", "csv"),
        ],
    )
    def test_known(self, name: str, fmt: str) -> None:
        assert format_of(File(name, b"")) == fmt

    @pytest.mark.parametrize("name", ["", "a", "a.xlsx", "csv", ".csv", "a.csv.gz"])
    def test_unknown(self, name: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            format_of(File(name, b"question"))
        assert caught.value.errors[0].field == "file"
        assert ".jsonl" in caught.value.hint


class TestDecode:
    def test_byte_order_mark_is_no_text(self) -> None:
        assert decode(b"\xef\xbb\xbfquestion", "a") == "question"

    @pytest.mark.parametrize(
        ("data", "line"),
        [(b"\xff", 1), (b"a\nb\xe9\nc", 2), (b"a\r\nb\r\n\xc3", 3)],
    )
    def test_wrong_byte_is_named_by_its_line(self, data: bytes, line: int) -> None:
        with pytest.raises(InvalidInput, match="a is not UTF-8 text") as caught:
            decode(data, "a")
        assert caught.value.errors[0].field == f"line {line}"


WRONG_ROWS: list[tuple[str, str]] = [
    ("nonsense", "is not JSON"),
    ('{"question": "q", "answer": "a"', "is not JSON"),
    ('{"question": "q", "answer": "a"} {}', "is not JSON"),
    ("[1]", "JSON list, not an object"),
    ('"text"', "JSON str, not an object"),
    ("null", "JSON NoneType, not an object"),
    ("[" * 100_000, "nested too deeply"),
    ('{"question": "q", "answer": ' + "9" * 5_000 + "}", "number with too many digits"),
    ('{"answer": "a"}', "question is missing"),
    ('{"question": "  ", "answer": "a"}', "question is missing"),
    ('{"question": 5, "answer": "a"}', "question is missing"),
    ('{"question": "%s", "answer": "a"}' % ("x" * 100_001), "longer than 100,000"),
    ('{"question": "q"}', "answer is missing"),
    ('{"question": "q", "answer": null, "answers": null}', "answer is missing"),
    ('{"question": "q", "answer": " "}', "answer is empty"),
    ('{"question": "q", "answers": []}', "answer is empty"),
    ('{"question": "q", "answers": ["", " "]}', "answer is empty"),
    ('{"question": "q", "answer": true}', "texts or numbers"),
    ('{"question": "q", "answer": {"word": "a"}}', "--map answer=answer.KEY"),
    ('{"question": "q", "answers": [["a"]]}', "texts or numbers"),
    ('{"question": "q", "answers": [null]}', "texts or numbers"),
    ('{"question": "q", "answer": NaN}', "finite"),
    ('{"question": "q", "answer": 1e999}', "finite"),
    (
        json.dumps({"question": "q", "answers": [str(i) for i in range(1_001)]}),
        "more than 1000 answers",
    ),
    ('{"question": "a\\u0000b", "answer": "a"}', "NUL"),
    ('{"question": "q", "answer": "\\u0000"}', "NUL"),
    ('{"question": "q", "answer": "a", "topic": {"x": ["\\u0000"]}}', "NUL"),
    ('{"question": "q", "answer": "a", "\\u0000": 1}', "NUL"),
    ('{"question": "q", "answer": "a", "id": "\\u0000"}', "NUL"),
    ('{"question": "\\ud800", "answer": "a"}', "surrogate"),
    ('{"question": "q", "answer": "a", "cluster": "\\udfff"}', "surrogate"),
    ('{"question": "q", "answer": "a", "note": "\\ud800"}', "surrogate"),
    ('{"question": "q", "answer": "a", "n": 99999999999999999999}', "64 bits"),
    ('{"question": "q", "answer": "a", "n": %s}' % ("[" * 300 + "]" * 300), "nesting"),
    ('{"question": "q", "answer": "a", "n": Infinity}', "finite"),
    ('{"question": "q", "answer": "a", "id": ["a"]}', "id must be"),
    ('{"question": "q", "answer": "a", "id": true}', "id must be"),
    ('{"question": "q", "answer": "a", "id": "%s"}' % ("x" * 501), "id is longer"),
    ('{"question": "q", "answer": "a", "cluster": {"a": 1}}', "cluster must be"),
]


class TestJsonl:
    @pytest.mark.parametrize(("row", "message"), WRONG_ROWS)
    def test_wrong_line_is_named(self, row: str, message: str) -> None:
        error = refused(f"{GOOD}\n\n{row}\n{GOOD}")
        assert [problem.field for problem in error.errors] == ["line 3"]
        assert message in error.errors[0].message
        assert "nothing was imported" in error.message
        assert error.hint

    def test_every_wrong_line_is_named_up_to_a_limit(self) -> None:
        error = refused("\n".join(["x", GOOD] * 30))
        assert [problem.field for problem in error.errors] == [f"line {n}" for n in range(1, 40, 2)]
        assert len(error.errors) == MAX_REPORTED
        assert error.message.startswith("a.jsonl has 30 wrong lines (the first 20 are listed)")

    def test_id_twice(self) -> None:
        error = refused("\n".join(json.dumps({"id": i, "question": "q", "answer": "a"}) for i in (1, 2, "1")))
        assert error.errors[0].field == "line 3"
        assert error.errors[0].message == "the id '1' is already used by line 1"

    @pytest.mark.parametrize("text", ["", "\n\n", " \n\t\n"])
    def test_empty(self, text: str) -> None:
        assert "has no examples" in refused(text).message

    def test_line_ends_and_blank_lines(self) -> None:
        rows = jsonl(f"{GOOD}\r", "", " ", f"  {GOOD}  ")
        assert [row.key for row in rows] == ["0", "1"]

    def test_line_separators_of_unicode_are_text(self) -> None:
        question = "a\u2028b\u2029c\x85d\x0be"
        assert (
            jsonl(json.dumps({"question": question, "answer": "a"}, ensure_ascii=False))[0].question
            == question
        )

    def test_backslash_u0000_as_text_is_no_nul(self) -> None:
        assert jsonl({"question": "What is \\u0000?", "answer": "NUL"})[0].question == "What is \\u0000?"

    @pytest.mark.parametrize(
        ("fields", "answers"),
        [
            ({"answer": "a"}, ("a",)),
            ({"answer": " a "}, ("a",)),
            ({"answer": 5}, ("5",)),
            ({"answer": 2.5}, ("2.5",)),
            ({"answer": ["a", "b"]}, ("a", "b")),
            ({"answers": "a"}, ("a",)),
            ({"answers": ["a", "b", "a", " b", ""]}, ("a", "b")),
            ({"answers": ["a", 7]}, ("a", "7")),
            ({"answers": ["x"], "answer": "y"}, ("x",)),
            ({"answers": None, "answer": "y"}, ("y",)),
            ({"answer": "a|b"}, ("a|b",)),
            ({"answer": 10**30}, (str(10**30),)),
        ],
    )
    def test_forms_of_answers(self, fields: dict[str, Any], answers: tuple[str, ...]) -> None:
        assert jsonl({"question": "q", **fields})[0].answers == answers

    def test_the_rest_is_metadata(self) -> None:
        row = {"id": 3, "question": "q", "answer": "a", "cluster": 9, "topic": "t", "tags": ["x", None]}
        example = jsonl(row)[0]
        assert (example.key, example.cluster) == ("3", "9")
        assert example.metadata == {"topic": "t", "tags": ["x", None]}


class TestCsv:
    def test_quotes_and_new_lines(self) -> None:
        text = 'question,answer\r\n"He said ""no"",\nthen left?","a,b"\r\n'
        example = table(text)[0]
        assert (example.question, example.answers) == ('He said "no",\nthen left?', ("a,b",))

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_line_ends(self, end: str) -> None:
        assert len(table(end.join(["question,answer", "q,a", "", "r,b", ""]))) == 2

    def test_header_with_spaces_and_more_columns(self) -> None:
        example = table(" id , question,answer ,cluster,topic\n7,q,a,c,t\n")[0]
        assert (example.key, example.cluster, example.metadata) == ("7", "c", {"topic": "t"})

    def test_line_separators_of_unicode_are_text(self) -> None:
        assert table("question,answer\na\u2028b,x\n")[0].question == "a\u2028b"

    @pytest.mark.parametrize(
        ("cell", "answers"),
        [
            ("a|b | c", ("a", "b", "c")),
            ('"[""a"", ""b|c""]"', ("a", "b|c")),
            ("[not json|b", ("[not json", "b")),
            ("a", ("a",)),
            ('"%s"' % ("[" * 5_000), ("[" * 5_000,)),
        ],
    )
    def test_forms_of_answers(self, cell: str, answers: tuple[str, ...]) -> None:
        assert table(f"question,answers\nq,{cell}\n")[0].answers == answers

    def test_a_single_answer_is_not_split(self) -> None:
        assert table("question,answer\nq,a|b\n")[0].answers == ("a|b",)

    @pytest.mark.parametrize(
        "header", ["question,answer,answer", "question, answer ,answer", "question,answer,x,x"]
    )
    def test_a_column_that_is_there_twice(self, header: str) -> None:
        error = refused(f"{header}\nq,a,b,c\n", "csv")
        assert "has a column twice" in error.errors[0].message

    @pytest.mark.parametrize("header", ["", "q,a", "question", "answer", "Frage;Antwort"])
    def test_header_that_names_no_columns(self, header: str) -> None:
        error = refused(f"{header}\nq,a\n", "csv")
        assert error.errors[0].field == "line 1"
        assert "header" in error.errors[0].message

    @pytest.mark.parametrize(
        ("row", "message"),
        [
            ("q,a,more", "more cells than the header"),
            ("q", "answer is missing"),
            (",a", "question is missing"),
            ('"q,a', "is not CSV"),
            ('"q"x,a', "is not CSV"),
            ("q\0,a", "NUL"),
        ],
    )
    def test_wrong_line_is_named(self, row: str, message: str) -> None:
        error = refused(f"question,answer\ngood,a\n{row}", "csv")
        assert error.errors[0].field == "line 3"
        assert message in error.errors[0].message


class TestGsm8k:
    def test_number_is_the_answer_and_the_solution_is_kept(self) -> None:
        solution = "He has 2*3=<<2*3=6>>6.\n#### 1,006"
        text = json.dumps({"question": "q", "answer": solution})
        example = read(text, scoring="gsm8k")[0]
        assert example.answers[0].replace(",", "") == "1006"
        assert example.metadata == {"solution": solution}

    def test_plain_number_stays(self) -> None:
        text = json.dumps({"question": "q", "answer": "18"})
        example = read(text, scoring="gsm8k")[0]
        assert (example.answers, example.metadata) == (("18",), {})


_words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)
_words = _words.filter(lambda text: text == text.strip() != "")
_rows = st.lists(
    st.tuples(_words, st.lists(_words, min_size=1, max_size=4, unique=True), st.none() | _words),
    min_size=1,
    max_size=6,
)


class TestProperties:
    @properties
    @given(_rows)
    def test_jsonl_gives_back_what_was_written(self, rows: list[tuple[str, list[str], str | None]]) -> None:
        text = "\n".join(
            json.dumps({"question": q, "answers": a, "cluster": c}, ensure_ascii=False) for q, a, c in rows
        )
        examples = read(text)
        assert [(e.question, list(e.answers), e.cluster) for e in examples] == rows

    @properties
    @given(_rows)
    def test_csv_gives_back_what_was_written(self, rows: list[tuple[str, list[str], str | None]]) -> None:
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer)
        writer.writerow(["question", "answers", "cluster"])
        writer.writerows([q, json.dumps(a), c or ""] for q, a, c in rows)
        examples = read(buffer.getvalue(), "a.csv")
        assert [(e.question, list(e.answers), e.cluster) for e in examples] == rows

    @properties
    @given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
    def test_any_bytes_are_read_or_refused(self, data: bytes) -> None:
        for fmt in ("jsonl", "csv"):
            outcome: Any
            try:
                outcome = read(data, f"a.{fmt}")
            except InvalidInput as error:
                outcome = error.errors
            assert outcome
