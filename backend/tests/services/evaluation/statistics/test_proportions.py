import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from app.services.evaluation.statistics.proportions import mcnemar, score_interval
from tests.factories import properties

COUNTS = st.tuples(st.integers(0, 60), st.integers(0, 60))


class TestMcNemar:
    @pytest.mark.parametrize(
        ("b", "c", "p", "mid_p"),
        [
            (10, 2, 0.03857, 0.02246),
            (15, 5, 0.04139, 0.02660),
            (6, 0, 0.03125, 0.01562),
            (5, 0, 0.0625, 0.03125),
            (40, 25, 0.08168, 0.06402),
        ],
    )
    def test_published_values(self, b: int, c: int, p: float, mid_p: float) -> None:
        found = mcnemar(b, c)
        assert found.p == pytest.approx(p, abs=5.1e-6)
        assert found.mid_p == pytest.approx(mid_p, abs=5.1e-6)
        assert (found.only_first, found.only_second, found.discordant) == (b, c, b + c)

    def test_too_few_to_ever_reach_5_percent(self) -> None:
        assert [n for n in range(12) if mcnemar(n, 0).too_few] == [0, 1, 2, 3, 4, 5]
        assert all(mcnemar(n, 0).too_few == (mcnemar(n, 0).p >= 0.05) for n in range(12))

    @properties
    @given(COUNTS)
    def test_agrees_with_the_binomial_test(self, counts: tuple[int, int]) -> None:
        b, c = counts
        found = mcnemar(b, c)
        if b + c:
            assert found.p == pytest.approx(stats.binomtest(b, b + c, 0.5).pvalue)
        assert 0 < found.mid_p <= found.p <= 1
        assert found == mcnemar(b, c)
        assert (mcnemar(c, b).p, mcnemar(c, b).mid_p) == (found.p, found.mid_p)

    def test_mid_p_is_uniform_enough(self) -> None:
        """The chance of mid-p < .05 when nothing differs is near .05; that of p < .05 never above it."""
        for n in (20, 50, 200):
            chances = stats.binom.pmf(np.arange(n + 1), n, 0.5)
            results = [mcnemar(b, n - b) for b in range(n + 1)]
            assert chances @ [result.p <= 0.05 for result in results] <= 0.05
            assert 0.03 < chances @ [result.mid_p <= 0.05 for result in results] < 0.07

    def test_no_counts(self) -> None:
        with pytest.raises(ValueError, match="no counts"):
            mcnemar(-1, 3)


def likeliest_only_first(b: int, c: int, n: int, difference: float) -> float:
    """The share of pairs that the first side alone gets right, by numerical maximisation."""

    def loss(share: float) -> float:
        other, rest = share + difference, 1 - 2 * share - difference
        parts = ((b, share), (c, other), (n - b - c, rest))
        return float(-sum(count * np.log(max(chance, 1e-300)) for count, chance in parts if count))

    bounds = (max(0.0, -difference), (1 - difference) / 2)
    return float(optimize.minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x)


class TestScoreInterval:
    @pytest.mark.parametrize(
        ("b", "c", "n"), [(12, 2, 50), (3, 9, 40), (1, 1, 30), (20, 45, 200), (4, 0, 25)]
    )
    def test_bounds_are_where_the_score_test_rejects(self, b: int, c: int, n: int) -> None:
        for bound in score_interval(b, c, n, level=0.9):
            share = likeliest_only_first(b, c, n, bound)
            variance = n * (2 * share + bound - bound**2)
            statistic = (c - b - n * bound) / np.sqrt(variance)
            assert abs(statistic) == pytest.approx(1.6449, abs=1e-3)

    def test_stays_what_it_was(self) -> None:
        low, high = score_interval(2, 12, 50)
        assert [low, high] == pytest.approx([0.0611, 0.3447], abs=5e-5)

    def test_nothing_discordant(self) -> None:
        z2 = 3.8414588
        assert score_interval(0, 0, 50) == pytest.approx((-z2 / (50 + z2), z2 / (50 + z2)))

    def test_all_discordant_one_way(self) -> None:
        low, high = score_interval(0, 9, 9)
        assert high == 1.0
        assert 0 < low < 1

    @properties
    @given(COUNTS, st.integers(0, 200), st.sampled_from([0.8, 0.95, 0.99]))
    def test_holds_the_difference_and_mirrors(self, counts: tuple[int, int], rest: int, level: float) -> None:
        b, c = counts
        n = max(1, b + c + rest)
        low, high = score_interval(b, c, n, level)
        assert -1 <= low <= (c - b) / n <= high <= 1
        assert low < high
        mirrored = score_interval(c, b, n, level)
        assert mirrored == (-high, -low)

    @properties
    @given(COUNTS)
    def test_excludes_0_where_the_asymptotic_test_rejects(self, counts: tuple[int, int]) -> None:
        b, c = counts
        low, high = score_interval(b, c, 150)
        rejected = (b - c) ** 2 > 3.841458820694124 * (b + c)
        assert rejected == (low > 0 or high < 0)

    @pytest.mark.parametrize(("b", "c", "n"), [(-1, 0, 5), (3, 3, 5), (0, 0, 0)])
    def test_no_pairs(self, b: int, c: int, n: int) -> None:
        with pytest.raises(ValueError, match="no pairs"):
            score_interval(b, c, n)
