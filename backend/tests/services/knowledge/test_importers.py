"""Tests of reading articles: what each kind of file gives, and that what is wrong is named."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.errors import InvalidInput
from app.domain.passages import Article, Section
from app.services.imports.files import MAX_REPORTED, File
from app.services.knowledge.importers import SUFFIXES, load_builtin, parse_articles
from tests.factories import properties

GOOD = '{"id": "good", "text": "t"}'


def parsed(name: str, content: str | bytes) -> list[Article]:
    return parse_articles([File(name, content.encode() if isinstance(content, str) else content)])


def jsonl(*rows: Any) -> list[Article]:
    return parsed("a.jsonl", "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))


def refused(*files: tuple[str, str | bytes]) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        parse_articles([File(name, data.encode() if isinstance(data, str) else data) for name, data in files])
    assert caught.value.errors
    return caught.value


def problems(*files: tuple[str, str | bytes]) -> list[tuple[str, str]]:
    return [(error.field, error.message) for error in refused(*files).errors]


def one(article: list[Article]) -> tuple[str, str, list[tuple[str, str]]]:
    """Return id, title and sections of the only article."""
    (found,) = article
    return found.key, found.title, [(section.heading, section.text) for section in found.sections]


class TestJsonl:
    def test_text_alone(self) -> None:
        assert one(jsonl({"text": "The text."})) == ("0", "", [("", "The text.")])

    def test_everything(self) -> None:
        row = {"id": "k", "title": "T", "section": "S", "text": "The text.", "other": [1, {"a": None}]}
        assert one(jsonl(row)) == ("k", "T", [("S", "The text.")])

    def test_sections(self) -> None:
        sections = [
            {"heading": "One", "text": "first"},
            {"text": "second"},
            {"heading": None, "text": "third", "more": 1},
            {"heading": "Empty", "text": " \n"},
        ]
        expected = [("One", "first"), ("", "second"), ("", "third")]
        assert one(jsonl({"id": 1, "sections": sections})) == ("1", "", expected)

    def test_space_around_is_no_text(self) -> None:
        row = {"title": " T\n", "sections": [{"heading": "\tH ", "text": "\n a  b \n"}]}
        assert one(jsonl(row)) == ("0", "T", [("H", "a  b")])

    def test_empty_title_is_none(self) -> None:
        assert [one([article])[1] for article in jsonl({"title": None, "text": "a"}, {"text": "b"})] == [
            "",
            "",
        ]

    def test_ids(self) -> None:
        rows: list[dict[str, Any]] = [
            {"id": "a"},
            {"_id": "b"},
            {"id": 7},
            {"_id": 8},
            {},
            {"id": 0},
            {"id": "c", "_id": "d"},
        ]
        articles = jsonl(*({**row, "text": "t"} for row in rows))
        assert [article.key for article in articles] == ["a", "b", "7", "8", "4", "0", "c"]

    def test_lines(self) -> None:
        text = f'\ufeff{GOOD}\r\n\n   \n  {{"text": "a\\nb"}}  \n'
        assert [(article.key, article.text) for article in parsed("a.ndjson", text)] == [
            ("good", "t"),
            ("1", "a\nb"),
        ]

    def test_line_separators_of_unicode_are_text(self) -> None:
        text = "a\u2028b\u2029c\x85d"
        assert parsed("a.jsonl", json.dumps({"text": text}, ensure_ascii=False))[0].text == text


WRONG_ROWS: list[tuple[str, str]] = [
    ("nonsense", "is not JSON"),
    ('{"text": "t"', "is not JSON"),
    ("[1]", "JSON list, not an object"),
    ("null", "JSON NoneType, not an object"),
    ("[" * 100_000, "nested too deeply"),
    ('{"text": ' + "9" * 5_000 + "}", "number with too many digits"),
    ("{}", "text is missing"),
    ('{"title": "T"}', "text is missing"),
    ('{"text": null}', "text is missing"),
    ('{"text": ""}', "text is missing or empty"),
    ('{"text": " \\n"}', "text is missing or empty"),
    ('{"text": 5}', "must be texts"),
    ('{"text": ["t"]}', "must be texts"),
    ('{"text": "t", "section": 5}', "must be texts"),
    ('{"text": "t", "title": 5}', "title must be a text"),
    ('{"text": "t", "title": ["T"]}', "title must be a text"),
    ('{"text": "t", "title": "%s"}' % ("x" * 501), "title must be a text of at most 500"),
    ('{"text": "t", "id": true}', "id must be"),
    ('{"text": "t", "id": 1.5}', "id must be"),
    ('{"text": "t", "id": ["a"]}', "id must be"),
    ('{"text": "t", "id": ""}', "id must be"),
    ('{"text": "t", "id": "%s"}' % ("x" * 501), "id must be"),
    ('{"text": "t", "_id": {}}', "id must be"),
    ('{"text": "t", "id": %s}' % ("9" * 600), "id must be"),
    ('{"sections": []}', "text is missing or empty"),
    ('{"sections": [{"text": ""}]}', "text is missing or empty"),
    ('{"sections": {}}', "sections must be a list"),
    ('{"sections": "t"}', "sections must be a list"),
    ('{"sections": ["t"]}', "sections must be a list"),
    ('{"sections": [{"heading": "H"}]}', "text is missing"),
    ('{"sections": [{"text": "t"}, {"text": 5}]}', "must be texts"),
    ('{"sections": [{"heading": 5, "text": "t"}]}', "must be texts"),
    ('{"text": "a\\u0000b"}', "NUL"),
    ('{"text": "t", "title": "\\u0000"}', "NUL"),
    ('{"text": "t", "id": "a\\u0000"}', "NUL"),
    ('{"text": "t", "section": "\\u0000"}', "NUL"),
    ('{"text": "\\ud800"}', "surrogate"),
    ('{"text": "t", "title": "\\udfff"}', "surrogate"),
    ('{"text": "%s"}' % ("x" * 5_000_001), "longer than 5,000,000"),
]


class TestWrongLines:
    @pytest.mark.parametrize(("row", "message"), WRONG_ROWS, ids=range(len(WRONG_ROWS)))
    def test_is_named(self, row: str, message: str) -> None:
        error = refused(("a.jsonl", f"{GOOD}\n\n{row}\n"))
        assert [problem.field for problem in error.errors] == ["line 3"]
        assert message in error.errors[0].message
        assert error.message == "a.jsonl has 1 wrong line; nothing was imported."
        assert '"text"' in error.hint

    @pytest.mark.parametrize(("row", "message"), WRONG_ROWS[6:], ids=range(6, len(WRONG_ROWS)))
    def test_in_a_json_list_by_its_place(self, row: str, message: str) -> None:
        ((field, said),) = problems(("a.json", f"[{GOOD}, {row}]"))
        assert field == "item 2"
        assert message in said

    def test_every_one_up_to_a_limit(self) -> None:
        error = refused(("a.jsonl", "\n".join(["x", '{"text": "t"}'] * 30)))
        assert [problem.field for problem in error.errors] == [f"line {n}" for n in range(1, 40, 2)]
        assert len(error.errors) == MAX_REPORTED
        assert error.message.startswith("a.jsonl has 30 wrong lines (the first 20 are listed)")

    def test_id_twice(self) -> None:
        rows = "\n".join(json.dumps({"id": key, "text": "t"}) for key in (1, 2, "1"))
        assert problems(("a.jsonl", rows)) == [("line 3", "the id '1' is already used by line 1 of a.jsonl")]

    def test_id_of_a_line_that_has_none(self) -> None:
        rows = '{"id": 1, "text": "t"}\n{"text": "t"}'
        assert problems(("a.jsonl", rows)) == [("line 2", "the id '1' is already used by line 1 of a.jsonl")]

    def test_id_twice_in_two_files(self) -> None:
        assert problems(("a.jsonl", GOOD), ("b.json", f"[{GOOD}]")) == [
            ("item 1", "the id 'good' is already used by line 1 of a.jsonl")
        ]

    def test_same_name_twice(self) -> None:
        for name, data in (("a.txt", "t"), ("a.jsonl", GOOD), ("a.md", "# T\nt")):
            ((field, message),) = problems((name, data), (name, data))
            assert field == "line 1"
            assert "is already used by" in message


class TestJson:
    def test_list(self) -> None:
        articles = parsed("a.JSON", json.dumps([{"text": "a", "title": "A"}, {"_id": "x", "text": "b"}]))
        assert [(article.key, article.title, article.text) for article in articles] == [
            ("0", "A", "a"),
            ("x", "", "b"),
        ]

    def test_object_with_articles(self) -> None:
        content = {"name": "n", "articles": [{"sections": [{"heading": "H", "text": "t"}]}]}
        assert one(parsed("a.json", json.dumps(content))) == ("0", "", [("H", "t")])

    @pytest.mark.parametrize("content", ["{}", '{"articles": {}}', "5", "null", '"text"', '{"text": "t"}'])
    def test_neither(self, content: str) -> None:
        error = refused(("a.json", content))
        assert error.message.startswith("a.json is not a list of articles")
        assert error.hint

    @pytest.mark.parametrize("content", ["", "[", "nonsense", "[" * 100_000, "[%s]" % ("9" * 5_000)])
    def test_not_json(self, content: str) -> None:
        assert refused(("a.json", content)).message.startswith("a.json is not JSON")

    @pytest.mark.parametrize("content", ["[]", '{"articles": []}'])
    def test_empty(self, content: str) -> None:
        assert refused(("a.json", content)).message == "a.json has no articles."

    @pytest.mark.parametrize("row", ["5", "null", '"text"', "[]"])
    def test_rows_that_are_no_objects(self, row: str) -> None:
        assert problems(("a.json", f"[{GOOD}, {row}]"))[0][0] == "item 2"


class TestMarkdown:
    @pytest.mark.parametrize(
        ("text", "title", "sections"),
        [
            ("Only text.", "notes", [("", "Only text.")]),
            ("# Title\n\nText.\n", "Title", [("", "Text.")]),
            ("Before.\n# Title\nAfter.", "Title", [("", "Before."), ("", "After.")]),
            ("# T\nintro\n## One\na\n\nb\n### Two\nc", "T", [("", "intro"), ("One", "a\n\nb"), ("Two", "c")]),
            ("## One\na\n# T\nb", "T", [("One", "a"), ("", "b")]),
            ("# T\na\n# Second\nb", "T", [("", "a"), ("Second", "b")]),
            ("# T\n## Empty\n\n## Full\na", "T", [("Full", "a")]),
            ("## One ##\na", "notes", [("One", "a")]),
            ("#NoHeading\n####### Nor this\n a # b", "notes", [("", "#NoHeading\n####### Nor this\n a # b")]),
            ("# T\r\n\r\na\r\n## H\r\nb\r\n", "T", [("", "a"), ("H", "b")]),
            ("# T #\r\na\r\n## H ##\r\nb", "T", [("", "a"), ("H", "b")]),
            ("#\tT\na", "T", [("", "a")]),
            ("# Été — 東京 #2\na", "Été — 東京 #2", [("", "a")]),
            ("# C#\na", "C#", [("", "a")]),
            ("# C# #\na", "C#", [("", "a")]),
            ("# T\n```sh\n# a comment\nmake\n```\nb", "T", [("", "```sh\n# a comment\nmake\n```\nb")]),
        ],
    )
    def test_title_and_sections(self, text: str, title: str, sections: list[tuple[str, str]]) -> None:
        assert one(parsed("folder/notes.md", text)) == ("folder/notes", title, sections)

    def test_line_of_many_spaces_does_not_take_long(self) -> None:
        since = time.perf_counter()
        assert problems(("a.md", "# a" + " " * 1_500 + "b\nText.")) == [
            ("line 1", "title must be a text of at most 500 characters")
        ]
        assert time.perf_counter() - since < 1

    @pytest.mark.parametrize("text", ["", " \n", "# Title", "# Title\n\n## Section\n"])
    def test_empty(self, text: str) -> None:
        assert problems(("a.md", text)) == [("line 1", "text is missing or empty")]


class TestText:
    def test_one_article(self) -> None:
        assert one(parsed("b/My notes.v2.txt", "# a\n\nb ")) == (
            "b/My notes.v2",
            "My notes.v2",
            [("", "# a\n\nb")],
        )

    @pytest.mark.parametrize("text", [b"", b"\n \t", b"\xef\xbb\xbf"])
    def test_empty(self, text: bytes) -> None:
        assert problems(("a.txt", text)) == [("line 1", "text is missing or empty")]

    def test_nul(self) -> None:
        assert problems(("a.txt", "a\0b")) == [("line 1", "contains a NUL character")]


class TestFiles:
    def test_ids_hold_the_file_s_name(self) -> None:
        files = [
            File("x/a.jsonl", b'{"text": "1"}\n{"id": "own", "text": "2"}\n{"text": "3"}'),
            File("b.json", b'[{"text": "4"}]'),
            File("c.md", b"5"),
            File("x/c.txt", b"6"),
        ]
        articles = parse_articles(files)
        assert [article.key for article in articles] == ["x/a/0", "own", "x/a/2", "b/0", "c", "x/c"]
        assert [article.text for article in articles] == ["1", "2", "3", "4", "5", "6"]

    def test_one_wrong_file_refuses_all(self) -> None:
        error = refused(("a.txt", "t"), ("b.jsonl", "x"), ("c.txt", "t"))
        assert error.message == "b.jsonl has 1 wrong line; nothing was imported."

    @pytest.mark.parametrize("name", ["", "a", "a.csv", "a.jsonl.gz", ".md", "txt", "..", "/"])
    def test_unknown_ending(self, name: str) -> None:
        for files in ([(name, "t")], [(name, "t"), ("b.txt", "t")], [("b.txt", "t"), (name, "t")]):
            error = refused(*files)
            assert error.message.startswith("Cannot tell the format of")
            assert all(suffix in error.hint for suffix in SUFFIXES)

    @pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.md", "a.txt"])
    def test_not_utf_8(self, name: str) -> None:
        error = refused((name, b'{"text": "a"}\n\xff'))
        assert error.message == f"{name} is not UTF-8 text."
        assert error.errors[0].field == "line 2"

    def test_nothing(self) -> None:
        assert refused().message == "The upload has no articles."
        assert refused(("a.jsonl", ""), ("b.jsonl", "\n")).message == "a.jsonl, b.jsonl has no articles."

    def test_name_that_cannot_be_stored(self) -> None:
        assert problems(("a\0.txt", "t")) == [("line 1", "contains a NUL character")]
        assert "id must be" in problems(("x" * 600 + ".txt", "t"))[0][1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "_id", "title", "section", "text", "heading", "sections", "articles"]),
            inner,
        )
    ),
    max_leaves=12,
)
DATA = (
    st.binary(max_size=50)
    | st.text(max_size=50).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.lists(JSON).map(lambda values: "\n".join(map(json.dumps, values)).encode())
    | st.lists(st.sampled_from(["# ", "## T", "#", "\n", "\r\n", " ", "t", "```", "\t"]))
    .map("".join)
    .map(str.encode)
)
NAMES = st.builds(
    str.__add__, st.text(max_size=3), st.sampled_from([*SUFFIXES, "", ".csv", ".MD", "/", ".."])
)


class TestAnyBytes:
    @properties
    @given(st.lists(st.builds(File, NAMES, DATA), max_size=3))
    @example([File("a.jsonl", b'{"id": NaN, "text": Infinity}')])
    @example([File("", b""), File("a.txt", b"t")])
    def test_are_articles_or_refused(self, files: list[File]) -> None:
        articles, refusal = None, None
        try:
            articles = parse_articles(files)
        except InvalidInput as error:
            refusal = error
        if articles is None:
            assert refusal is not None
            assert refusal.message
            assert refusal.errors
            return
        keys = [article.key for article in articles]
        assert keys
        assert len(set(keys)) == len(keys)
        for article in articles:
            assert article.sections
            assert all(section.text == section.text.strip() != "" for section in article.sections)
            assert "\0" not in article.key + article.title + article.text


class TestBuiltin:
    def test_what_it_says_and_its_articles(self, tmp_path: Path) -> None:
        about = {"name": "n", "description": "d", "licence": "CC0-1.0", "source": "s"}
        (tmp_path / "kb.json").write_text(json.dumps({**about, "articles": [{"id": "a", "text": "t"}]}))
        assert load_builtin(tmp_path / "kb.json") == (about, [Article("a", "", (Section("", "t"),))])

    @pytest.mark.parametrize("content", ["", "[]", '{"name": "n"}', "nonsense"])
    def test_wrong(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "kb.json").write_text(content)
        with pytest.raises(InvalidInput, match=r"kb\.json cannot be read"):
            load_builtin(tmp_path / "kb.json")

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match="cannot be read"):
            load_builtin(tmp_path / "none.json")
