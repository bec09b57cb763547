from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.rounding import format_p, interval_in_points
from app.services.evaluation.statistics.noninferiority import Decision, gate_decision, noninferiority
from app.services.evaluation.statistics.paired import PairedDifference, paired_difference
from app.services.evaluation.statistics.verdict import questions_to_settle, score_verdict
from tests.factories import properties


def right_or_wrong(b: int, c: int, n: int) -> PairedDifference:
    first, second = np.zeros(n), np.zeros(n)
    first[:b], second[b : b + c] = 1, 1
    return paired_difference(first, second, seed=0)


class TestFormatP:
    @pytest.mark.parametrize(
        ("p", "text"),
        [
            (0.012, "p = .012"),
            (0.2, "p = .200"),
            (0.001, "p = .001"),
            (0.00099, "p < .001"),
            (0.0, "p < .001"),
            (0.05, "p = .050"),
            (0.0496, "p = .0496"),
            (0.0504, "p = .0504"),
            (0.9994, "p = .999"),
            (1.0, "p > .999"),
        ],
    )
    def test_as_written(self, p: float, text: str) -> None:
        assert format_p(p) == text


class TestScoreVerdict:
    def test_better(self) -> None:
        result = replace(right_or_wrong(4, 20, 200), low=0.021, high=0.139, p=0.012)
        assert score_verdict("direct", "CoT", result) == (
            "CoT is better than direct by 8.0 points [2.1, 13.9], p = .012."
        )

    def test_the_better_one_comes_first(self) -> None:
        assert score_verdict("a", "b", right_or_wrong(20, 4, 200)) == score_verdict(
            "b", "a", right_or_wrong(4, 20, 200)
        )

    def test_the_adjusted_p_decides(self) -> None:
        result = right_or_wrong(4, 20, 200)
        assert "CoT is better" in score_verdict("direct", "CoT", result)
        assert "not distinguishable" in score_verdict("direct", "CoT", result, p=0.08)
        assert "p = .080" in score_verdict("direct", "CoT", result, p=0.08)

    def test_not_distinguishable_with_what_would_settle_it(self) -> None:
        result = right_or_wrong(18, 22, 200)
        assert score_verdict("direct", "CoT", result, worth=0.05) == (
            "direct and CoT are not distinguishable: CoT − direct = +2.0 points [−4.3, 8.4], p = .636; "
            "about 626 questions would settle a difference of 5.0 points."
        )
        assert "would settle a difference of 2.0 points" in score_verdict("direct", "CoT", result)

    def test_enough_items_already(self) -> None:
        text = score_verdict("direct", "CoT", right_or_wrong(101, 99, 1000), worth=0.05)
        assert "−0.2 points" in text
        assert text.endswith(
            "; a difference of 5.0 points would probably have shown on these 1,000 questions."
        )

    def test_too_few_discordant_pairs(self) -> None:
        assert score_verdict("direct", "CoT", right_or_wrong(1, 3, 50), worth=0.1) == (
            "direct and CoT differ on only 4 of 50 questions (3 for CoT, 1 for direct): with fewer than 6, "
            "p < .05 cannot be reached; about 77 questions would settle a difference of 10.0 points."
        )

    def test_agreement_throughout(self) -> None:
        assert score_verdict("direct", "CoT", right_or_wrong(0, 0, 50)) == (
            "direct and CoT agree on each of 50 questions, so nothing tells them apart."
        )

    def test_partial_scores(self) -> None:
        rng = np.random.default_rng(0)
        first = rng.random(50)
        result = paired_difference(first, first + rng.normal(0, 0.3, 50), seed=0)
        text = score_verdict("direct", "CoT", result, worth=0.05)
        assert (
            f"about {questions_to_settle(result, 0.05)} questions would settle a difference of 5.0 points."
            in text
        )

    def test_an_absurd_number_of_questions_is_not_named(self) -> None:
        result = right_or_wrong(100, 101, 1000)
        assert "more than 1,000,000 questions" in score_verdict("a", "b", replace(result, difference=0.0001))

    def test_a_family_has_both_intervals_and_names_the_plain_one(self) -> None:
        result = replace(right_or_wrong(4, 20, 200), low=0.021, high=0.139)
        found = score_verdict("direct", "CoT", result, p=0.012, simultaneous=(0.011, 0.149))
        assert found == (
            "CoT is better than direct by 8.0 points [1.1, 14.9] (this comparison alone: [2.1, 13.9]), "
            "p = .012."
        )
        worse = score_verdict(
            "CoT",
            "direct",
            replace(result, difference=-0.08, low=-0.139, high=-0.021),
            p=0.012,
            simultaneous=(-0.149, -0.011),
        )
        assert worse == found

    def test_the_interval_contains_0_if_nothing_is_found(self) -> None:
        result = right_or_wrong(1, 7, 40)  # exact p = .07, where Tango's interval excludes 0
        assert result.low > 0
        assert "+15.0 points [0.0, 30.1], p = .070" in score_verdict("direct", "CoT", result)

    def test_repeats_and_clusters_are_named_as_what_they_are(self) -> None:
        rng = np.random.default_rng(0)
        second, units = rng.random(60) - 0.5, np.repeat(np.arange(20), 3)
        result = replace(paired_difference(np.zeros(60), second, units, seed=0), p=0.5)
        needed = questions_to_settle(result, 0.01, 20)
        assert score_verdict("a", "b", result, questions=20, worth=0.01).endswith(
            f"about {needed:,} questions, asked as often as these, would settle a difference of 1.0 points."
        )
        assert " questions in clusters like these would settle" in score_verdict("a", "b", result, worth=0.01)
        assert 3 * (needed or 0) == pytest.approx(questions_to_settle(result, 0.01), abs=3)


class TestIntervalInPoints:
    @pytest.mark.parametrize(
        ("low", "high", "text"),
        [
            (-0.021, 0.03, "[−2.1, 3.0]"),
            (0.0, 0.03, "[0.0, 3.0]"),
            (1e-9, 0.03, "(0.0, 3.0]"),
            (-0.03, 0.0, "[−3.0, 0.0]"),
            (-0.03, -1e-9, "[−3.0, 0.0)"),
            (-0.05, -0.03, "[−5.0, −3.0]"),
        ],
    )
    def test_0_is_in_it_or_not(self, low: float, high: float, text: str) -> None:
        assert interval_in_points(low, high) == text


class TestQuestionsToSettle:
    def test_right_or_wrong(self) -> None:
        assert questions_to_settle(right_or_wrong(20, 20, 200), 0.05) == 626
        assert questions_to_settle(right_or_wrong(20, 20, 200), -0.05) == 626

    def test_a_difference_above_the_discordant_share_needs_that_many(self) -> None:
        assert questions_to_settle(right_or_wrong(0, 1, 100), 0.2) == questions_to_settle(
            right_or_wrong(0, 20, 100), 0.2
        )

    def test_scores(self) -> None:
        first = np.tile([0.2, 0.8], 500)
        second = np.tile([0.2 + 1 / 3, 0.8 - 1 / 3], 500)
        result = paired_difference(first, second, seed=0)
        assert questions_to_settle(result, 0.03) == pytest.approx(969, abs=2)

    def test_clusters_need_more(self) -> None:
        rng = np.random.default_rng(0)
        second, clusters = np.repeat(rng.random(20), 5), np.repeat(np.arange(20), 5)
        single = questions_to_settle(paired_difference(np.zeros(100), second, seed=0), 0.05)
        clustered = questions_to_settle(paired_difference(np.zeros(100), second, clusters, seed=0), 0.05)
        assert single is not None
        assert clustered == pytest.approx(5 * single, rel=0.1)

    def test_nothing_to_settle(self) -> None:
        assert questions_to_settle(right_or_wrong(3, 4, 10), 0) is None
        assert questions_to_settle(paired_difference([0.5, 0.2], [0.5, 0.2], seed=0), 0.1) is None

    @pytest.mark.parametrize("n", [1, 2, 4])
    def test_never_fewer_than_can_reach_significance(self, n: int) -> None:
        result = right_or_wrong(0, n, n)
        assert questions_to_settle(result, 1.0) == 6
        assert "about 6 questions would settle" in score_verdict("a", "b", result)

    def test_nor_fewer_units(self) -> None:
        clusters = np.repeat([0, 1], 10)
        result = paired_difference(np.zeros(20), np.repeat([0.8, 0.9], 10), clusters, seed=0)
        assert questions_to_settle(result, 0.85) == 60


class TestGate:
    def test_as_the_interval_says(self) -> None:
        assert gate_decision((-0.01, 0.05), 20, 0.02) is Decision.PASS
        assert gate_decision((-0.09, -0.03), 20, 0.02) is Decision.FAIL

    @pytest.mark.parametrize("interval", [(-0.01, 0.05), (-0.09, -0.03)])
    def test_never_on_too_little(self, interval: tuple[float, float]) -> None:
        assert gate_decision(interval, 19, 0.02) is Decision.CANNOT_TELL

    def test_width_zero_is_no_certainty(self) -> None:
        assert gate_decision((0.0, 0.0), 400, 0.02) is Decision.CANNOT_TELL

    def test_what_is_missing_decides(self) -> None:
        assert gate_decision((-0.01, 0.05), 200, 0.02, (-0.3, 0.2)) is Decision.CANNOT_TELL
        assert gate_decision((-0.01, 0.05), 200, 0.02, (-0.015, 0.06)) is Decision.PASS
        assert gate_decision((-0.2, -0.1), 200, 0.02, (-0.3, -0.05)) is Decision.FAIL
        assert gate_decision((-0.2, -0.1), 200, 0.02, (-0.3, 0.1)) is Decision.CANNOT_TELL


class TestNoninferiority:
    @pytest.mark.parametrize(
        ("low", "high", "margin", "decision"),
        [
            (-0.01, 0.05, 0.02, Decision.PASS),
            (-0.03, 0.05, 0.02, Decision.CANNOT_TELL),
            (-0.02, 0.05, 0.02, Decision.CANNOT_TELL),
            (-0.09, -0.03, 0.02, Decision.FAIL),
            (-0.09, -0.02, 0.02, Decision.CANNOT_TELL),
            (0.01, 0.05, 0.0, Decision.PASS),
            (0.0, 0.0, 0.0, Decision.CANNOT_TELL),
            (-0.01, -0.005, 0.02, Decision.PASS),
        ],
    )
    def test_decided_on_the_interval(
        self, low: float, high: float, margin: float, decision: Decision
    ) -> None:
        assert noninferiority(low, high, margin) is decision

    @properties
    @given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
    def test_a_wider_margin_never_fails_what_passed(
        self, low: float, width: float, margin: float, more: float
    ) -> None:
        if noninferiority(low, low + width, margin) is Decision.PASS:
            assert noninferiority(low, low + width, margin + more) is Decision.PASS

    @pytest.mark.parametrize(("low", "high", "margin"), [(0, 1, -0.1), (1, 0, 0.1), (float("nan"), 1, 0.1)])
    def test_no_gate(self, low: float, high: float, margin: float) -> None:
        with pytest.raises(ValueError, match="no gate"):
            noninferiority(low, high, margin)
