"""Tests of numbers in documents: each is what the committed data say, and the data what their runs give."""

from pathlib import Path

import pytest

from app.domain.scoring import scoring_rule
from app.schemas.comparison import ComparisonOut
from app.services.comparisons.compare import compare_experiments
from app.services.report.data import read, written
from app.services.report.numbers import refreshed, value_of
from tools.findings import DATA, comparison_of, documents, stale, value
from tools.judges import LABELS

FILES = sorted(set(DATA.glob("*.jsonl.gz")) - {DATA / f"{LABELS}.jsonl.gz"})
EXAMPLE = "example"


def test_no_number_of_a_document_differs_from_the_data() -> None:
    assert list(stale(documents())) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.removesuffix(".jsonl.gz"))
def test_differences_are_those_of_the_runs(file: Path) -> None:
    data = read(file)
    comparison, (baseline, *others) = data.comparison, data.runs
    scores = list(dict.fromkeys(one.score for one in comparison.differences))
    rule = scoring_rule("triviaqa")  # says how many answers are the same, which is not compared here
    again = compare_experiments(baseline, others, scores, rule=rule)
    stored = {(one.experiment_id, one.score): one for one in comparison.differences}
    for experiment, against in zip(comparison.experiments[1:], again, strict=True):
        for found in against.scores:
            one = stored[experiment.experiment_id, found.score]
            assert one.n_paired == found.n_paired
            if found.paired is not None:
                assert one.difference == pytest.approx(found.paired.difference)
            assert (one.statistics is None) == (found.paired is None)


def test_a_file_is_written_as_it_was_read(tmp_path: Path) -> None:
    file = DATA / f"{EXAMPLE}.jsonl.gz"
    again = written(read(file))
    (tmp_path / "again.jsonl.gz").write_bytes(again)
    assert written(read(tmp_path / "again.jsonl.gz")) == again
    assert read(tmp_path / "again.jsonl.gz").comparison == read(file).comparison


@pytest.fixture
def comparison() -> ComparisonOut:
    return comparison_of(EXAMPLE)


@pytest.mark.parametrize(
    "path",
    [
        "table / exact_match",
        "scores / exact_match",
        "verdicts / exact_match",
        "score / sixty / exact_match",
        "value / forty / contains",
        "n / forty / exact_match",
        "difference / sixty / exact_match",
        "p / sixty / exact_match",
        "pairs / sixty / exact_match",
        "verdict / sixty / exact_match",
        "needed / sixty / exact_match",
        "latency / forty",
        "tokens / forty",
        "failed / forty",
    ],
)
def test_a_wrong_number_is_found_and_mended(comparison: ComparisonOut, path: str) -> None:
    written = value_of(comparison, path.split(" / "))
    other = f"<!--= {EXAMPLE} / n / forty / exact_match --><!--/=-->"
    wrong = f"It is <!--= {EXAMPLE} / {path} -->99.9 %<!--/=-->, {other}."
    mended = refreshed(wrong, value)
    assert mended != wrong
    assert written in mended
    assert "99.9" not in mended
    assert refreshed(mended, value) == mended


def test_a_table_of_scores_alone_has_no_latency(comparison: ComparisonOut) -> None:
    full, alone = (value_of(comparison, [what, "exact_match"]).splitlines() for what in ("table", "scores"))
    heads = [head.strip() for head in full[0].strip("|").split("|")]
    place = heads.index("latency p50")
    for row, shorter in zip(full, alone, strict=True):
        cells = row.strip("|").split("|")
        assert shorter.strip("|").split("|") == [*cells[:place], *cells[place + 1 :]]


def test_a_document_that_was_changed_by_hand_is_named(tmp_path: Path) -> None:
    file = tmp_path / "finding.md"
    file.write_text(f"<!--= {EXAMPLE} / value / forty / exact_match -->99.9 %<!--/=-->")
    (line,) = stale([file])
    assert line.startswith(f"{file}: numbers or pictures differ")
    assert list(stale([file], write=True)) == []
    assert list(stale([file])) == []


def test_a_picture_is_drawn_from_the_data(tmp_path: Path) -> None:
    pictures = tmp_path / "images"
    (tmp_path / "notes").mkdir()
    file = tmp_path / "notes" / "finding.md"
    file.write_text(f"<!--= {EXAMPLE} / forest / exact_match --><!--/=-->")
    assert list(stale([file], write=True, pictures=pictures)) == []
    picture = pictures / "example-exact-match.svg"
    assert "](../images/example-exact-match.svg)" in file.read_text()
    drawn = picture.read_bytes()
    assert list(stale([file], pictures=pictures)) == []
    picture.write_bytes(drawn.replace(b"<path", b"<Path", 1))
    (line,) = stale([file], pictures=pictures)
    assert "pictures differ" in line
    assert list(stale([file], write=True, pictures=pictures)) == []
    assert picture.read_bytes() == drawn


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing / n / forty / exact_match", "no docs/findings/data/nothing.jsonl.gz"),
        ("../../secret / n / forty / exact_match", "no docs"),
        ("example / n / nobody / exact_match", "there are: forty, sixty"),
        ("example / n / forty / beauty", "there are: "),
        ("example / table / beauty", "there are: "),
        ("example / forest / beauty", "there are: "),
        ("example / difference / forty / exact_match", "is not there"),
        ("example / mood / forty", "no value"),
        ("example", "no value"),
        (f"{LABELS} / accuracy / nobody", "no value"),
        (f"{LABELS} / labels / maybe", "no value"),
    ],
)
def test_what_the_data_do_not_have_is_named(tmp_path: Path, name: str, said: str) -> None:
    file = tmp_path / "finding.md"
    file.write_text(f"<!--= {name} -->1<!--/=-->")
    (line,) = stale([file], write=True)
    assert said in line
    assert file.read_text() == f"<!--= {name} -->1<!--/=-->"


def test_numbers_of_judges_are_those_of_the_labelled_answers() -> None:
    labels = ("faithful", "unfaithful", "no claim")
    counts = [int(value(LABELS, ["labels", label])) for label in labels]
    assert str(sum(counts)) == value(LABELS, ["labels"])
    (judged,) = [row for row in value(LABELS, ["table"]).splitlines() if row.startswith("| mini-nli |")]
    assert value(LABELS, ["accuracy", "mini-nli"]) in judged
    assert value(LABELS, ["judged", "mini-nli"]) == str(counts[0] + counts[1])
    rows = [row.split(" | ") for row in value(LABELS, ["variants"]).splitlines()[2:]]
    assert sum(int(row[1]) for row in rows) == sum(counts)
    assert sum(int(row[2]) for row in rows) == counts[0] + counts[1]


def test_no_value_begins_a_line_where_markdown_would_end_the_paragraph() -> None:
    written = value(EXAMPLE, ["n", "forty", "exact_match"])
    mark = f"<!--= {EXAMPLE} / n / forty / exact_match -->{written}<!--/=-->"
    mended = refreshed(f"- It is so\n  for all\n  {mark},\n  {mark}.", value)
    assert mended == f"- It is so\n  for\n  all {mark}, {mark}."
    assert refreshed(mended, value) == mended
    block = f"Text\n\n<!--= {EXAMPLE} / table / exact_match -->"
    assert refreshed(block, value) == block
