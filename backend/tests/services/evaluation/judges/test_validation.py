"""Tests of measuring a judge on labelled answers."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from app.core.config import PROJECT_ROOT
from app.core.errors import InvalidInput
from app.services.datasets.labelled import read_labelled
from app.services.evaluation.judges.base import Claim
from app.services.evaluation.judges.validation import Labelled, auc, overlap, summarise
from app.services.evaluation.judges.wording import verdict_of

SHIPPED = PROJECT_ROOT / "data" / "faithfulness" / "pairs.jsonl"


def rows(*faithful: bool) -> list[Labelled]:
    return [Labelled(Claim(f"q{i}", f"answer {i}", ("context",)), one) for i, one in enumerate(faithful)]


class TestSummary:
    def test_counts_unfaithful_answers_as_what_is_to_be_found(self) -> None:
        labels = [True, True, False, False, True]
        found = summarise(rows(*labels), [0.9, 0.4, 0.3, 0.6, None])
        assert (found.n, found.unscored) == (4, 1)
        judge = found.judge
        for share in (judge.accuracy, judge.precision, judge.sensitivity, judge.specificity):
            assert share is not None
            assert share.value == 0.5
        assert judge.kappa is not None
        assert judge.kappa.value == 0
        assert judge.auc == 0.75

    def test_sensitivity_is_of_the_unfaithful_and_specificity_of_the_faithful(self) -> None:
        found = summarise(rows(True, True, True, False), [0.9, 0.8, 0.1, 0.7]).judge
        assert found.sensitivity is not None
        assert found.specificity is not None
        assert (found.sensitivity.value, found.sensitivity.n) == (0, 1)
        assert found.specificity.value == pytest.approx(2 / 3)
        assert found.specificity.n == 3

    def test_nothing_called_unfaithful(self) -> None:
        found = summarise(rows(True, False), [0.9, 0.8]).judge
        assert found.precision is None
        assert found.sensitivity is not None
        assert found.sensitivity.value == 0

    def test_nothing_judged(self) -> None:
        found = summarise(rows(True, False), [None, None])
        assert (found.n, found.unscored, found.judge.accuracy, found.judge.auc) == (0, 2, None, None)
        assert (found.gain, found.usable) == (None, False)

    def test_a_judge_that_beats_word_overlap(self) -> None:
        labels = [number % 2 == 0 for number in range(20)]
        found = summarise(rows(*labels), [float(one) for one in labels])
        assert found.gain is not None
        # No word of these answers is in their texts: all are called unfaithful, and half are.
        assert (found.gain.difference, found.gain.test) == (0.5, "mcnemar")
        assert found.gain.p == pytest.approx(2 / 2**10)
        assert found.usable
        assert "beats word overlap" in verdict_of(found)

    @pytest.mark.parametrize(
        "values",
        [
            pytest.param([1.0] * 14 + [0.0] * 6, id="at chance"),
            pytest.param([float(number % 10 != 0) for number in range(20)], id="called faithful as most are"),
        ],
    )
    def test_a_judge_that_does_not(self, values: list[float]) -> None:
        labels = [number % 5 != 4 for number in range(20)]
        found = summarise(rows(*labels), values)
        assert not found.usable
        assert "no claim may rest on it" in verdict_of(found)

    def test_a_judge_that_beats_word_overlap_by_calling_all_the_same(self) -> None:
        labels = [number < 8 for number in range(40)]
        claims = [Labelled(Claim(f"q{number}", "same", ("same",)), one) for number, one in enumerate(labels)]
        # Word overlap calls all of them faithful; the judge most of them unfaithful, as most are.
        found = summarise(claims, [*[0.6] * 4, *[0.4] * 4, *[0.3] * 26, *[0.6] * 6])
        assert found.beats_overlap
        assert not found.usable
        assert "calling all of them the same, which is right for 80" in verdict_of(found)

    def test_answers_to_one_question_are_not_independent(self) -> None:
        labels = [number % 2 == 0 for number in range(20)]
        claims = [
            Labelled(Claim(f"q{number // 4}", "answer", ("text",)), one) for number, one in enumerate(labels)
        ]
        found = summarise(claims, [float(one) for one in labels])
        assert found.gain is not None
        assert found.gain.test == "sign_flip_exact"
        assert found.overlap.accuracy is not None
        assert found.overlap.accuracy.method == "clustered"

    def test_auc_is_that_of_scikit_learn(self) -> None:
        generator = np.random.default_rng(3)
        scores, labels = generator.integers(0, 8, 200) / 8, generator.random(200) < 0.4
        assert auc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))
        assert auc(scores, np.ones(200, dtype=bool)) is None

    def test_overlap(self) -> None:
        assert overlap(Claim("q", "the old, red Tower.", ("The tower is “old”",))) == pytest.approx(2 / 3)
        assert overlap(Claim("q", "", ("text",))) == 0


class TestFiles:
    def test_the_shipped_pairs(self) -> None:
        found = read_labelled(SHIPPED)
        assert len(found) >= 60
        assert abs(sum(one.faithful for one in found) / len(found) - 0.5) < 0.1
        overlaps = np.array([overlap(one.claim) for one in found])
        by_words = auc(overlaps, np.array([one.faithful for one in found]))
        assert by_words is not None
        assert 0.4 < by_words < 0.6  # or counting words would do for a judge
        for one in found:
            assert 20 <= len(one.claim.texts[0].split()) <= 130

    def test_begin(self, tmp_path: Path) -> None:
        file = tmp_path / "begin.tsv"
        file.write_text(
            "model_name\tdata_source\tknowledge\tmessage\tresponse\tbegin_label\n"
            't5\twow\ta "tower\thow high?\t300 metres\tFully attributable\n'
            "t5\twow\tk\tm\tr\tGeneric\n"
            "t5\twow\tk\tm\tr\tNot fully attributable\n"
        )
        assert read_labelled(file) == [
            Labelled(Claim("how high?", "300 metres", ('a "tower',)), True),
            Labelled(Claim("m", "r", ("k",)), False),
        ]

    def test_answers_of_retrieval_and_those_without_a_claim(self, tmp_path: Path) -> None:
        file = tmp_path / "answers.jsonl.gz"
        line = '{"passages": ["one", "two"], "question": "q", "answer": "a", "label": "%s"}\n'
        file.write_bytes(gzip.compress((line % "unfaithful" + line % "no claim").encode()))
        assert read_labelled(file) == [Labelled(Claim("q", "a", ("one", "two")), False)]
        file.write_bytes(file.read_bytes()[:-10])
        with pytest.raises(InvalidInput, match="damaged"):
            read_labelled(file)

    def test_wrong_lines_are_named(self, tmp_path: Path) -> None:
        file = tmp_path / "bad.jsonl"
        file.write_text('{"context": "c", "question": "q", "answer": "a", "label": "maybe"}\nnonsense\n')
        with pytest.raises(InvalidInput) as caught:
            read_labelled(file)
        assert [error.field for error in caught.value.errors] == ["line 1", "line 2"]
