"""Tests of keeping what judges were measured to be."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.services.evaluation.judges.base import Claim
from app.services.evaluation.judges.measured import MeasuredJudge, keep, measured, name_of, read_measured
from app.services.evaluation.judges.validation import Labelled, summarise

ROWS = [Labelled(Claim(f"q{number}", "answer", ("answer",)), number % 2 == 0) for number in range(8)]
VALUES = (1.0, 0.0, 1.0, 0.5, None, 0.0, 1.0, 0.0)
ONE = MeasuredJudge("nli", "small", "labels.jsonl", VALUES, summarise(ROWS, VALUES))


def test_is_read_as_it_was_kept_and_measured_anew_in_its_place(tmp_path: Path) -> None:
    file = tmp_path / "new" / "judges.json"
    keep(ONE, file)
    keep(replace(ONE, model="large"), file)
    again = replace(ONE, values=(None,) * 8)
    keep(again, file)
    assert read_measured([file]) == [again, replace(ONE, model="large")]


def test_what_was_measured_here_goes_before_what_is_shipped(tmp_path: Path) -> None:
    shipped, here, missing = (tmp_path / name for name in ("shipped.json", "here.json", "missing.json"))
    keep(replace(ONE, file="shipped"), shipped)
    keep(ONE, here)
    judges = read_measured([shipped, here, missing])
    assert measured(judges, "nli", "small") == ONE
    assert measured(judges, "nli", "/any/folder/small") == ONE
    assert measured(judges, "llm", "small") is None


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "judges.json").write_text('[{"judge": "nli"}]')
    with pytest.raises(ValueError, match=r"judges\.json is not a file of measured judges"):
        read_measured([tmp_path / "judges.json"])


@pytest.mark.parametrize(
    ("model", "name"),
    [("/a/b/mini-nli", "mini-nli"), ("~/nli", "nli"), ("organisation/model", "organisation/model")],
)
def test_folders_are_named_by_their_last_part(model: str, name: str) -> None:
    assert name_of(model) == name
