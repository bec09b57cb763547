import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from app.services.evaluation.statistics.power import (
    detectable_effect_mcnemar,
    detectable_effect_mean,
    sample_size_mcnemar,
    sample_size_mean,
)
from tests.factories import properties

SIXTH = (1 / 6, 1 / 6)


class TestMcNemar:
    @pytest.mark.parametrize(
        ("discordant", "difference", "n"),
        [(0.2, 0.03, 1742), (0.2, 0.05, 626), (0.3, 0.05, 940), (0.1, 0.03, 870)],
    )
    def test_published_values(self, discordant: float, difference: float, n: int) -> None:
        assert sample_size_mcnemar(discordant, difference) == n
        assert sample_size_mcnemar(discordant, -difference) == n

    @properties
    @given(
        st.floats(0.01, 1),
        st.floats(0.02, 1),
        st.sampled_from([0.01, 0.05, 0.5]),
        st.sampled_from([0.3, 0.8, 0.95]),
    )
    def test_the_effect_found_is_the_one_planned_for(
        self, discordant: float, part: float, alpha: float, power: float
    ) -> None:
        difference = part * discordant
        n = sample_size_mcnemar(discordant, difference, alpha, power)
        assume(n > 50)  # below, rounding n up to a whole number moves the effect visibly
        effect = detectable_effect_mcnemar(n, discordant, alpha, power)
        assert effect is not None
        assert effect == pytest.approx(difference, rel=0.02)
        assert effect <= difference * (1 + 1e-9)

    def test_more_items_show_smaller_effects(self) -> None:
        effects = [detectable_effect_mcnemar(n, 0.2) or math.inf for n in (100, 300, 1000, 10_000)]
        assert effects == sorted(effects, reverse=True)
        assert effects[-1] < 0.02

    @pytest.mark.parametrize(("n", "discordant"), [(10, 0.1), (1, 1.0), (30, 0.2)])
    def test_too_few_items_for_any_effect(self, n: int, discordant: float) -> None:
        assert detectable_effect_mcnemar(n, discordant) is None

    @pytest.mark.parametrize(("discordant", "difference"), [(0.1, 0.2), (0.1, 0.0), (0.0, 0.0), (1.2, 0.1)])
    def test_no_such_shares(self, discordant: float, difference: float) -> None:
        with pytest.raises(ValueError, match="no difference"):
            sample_size_mcnemar(discordant, difference)

    @pytest.mark.parametrize(("n", "discordant"), [(0, 0.1), (10, 0.0), (10, 1.5)])
    def test_no_such_comparison(self, n: int, discordant: float) -> None:
        with pytest.raises(ValueError, match="no comparison"):
            detectable_effect_mcnemar(n, discordant)


class TestMean:
    def test_published_values(self) -> None:
        assert sample_size_mean(0.03, 1 / 9) == 969
        assert sample_size_mean(0.03, 1 / 9, SIXTH) == 3876
        assert detectable_effect_mean(198, 1 / 9, SIXTH) == pytest.approx(0.133, abs=5e-4)
        assert detectable_effect_mean(198, 1 / 9, SIXTH, (10, 10)) == pytest.approx(0.076, abs=5e-4)

    @properties
    @given(st.floats(0.001, 2), st.floats(0, 1), st.floats(0, 1), st.integers(1, 9), st.floats(0.01, 0.2))
    def test_the_effect_found_is_the_one_planned_for(
        self, omega2: float, one: float, two: float, repeats: int, difference: float
    ) -> None:
        variances, times = (one, two), (repeats, 2)
        n = sample_size_mean(difference, omega2, variances, times)
        assert n == sample_size_mean(-difference, omega2, variances, times)
        assert detectable_effect_mean(n, omega2, variances, times) <= difference * (1 + 1e-9)
        if n > 1:
            assert detectable_effect_mean(n - 1, omega2, variances, times) > difference * (1 - 1e-9)

    @pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1])
    @pytest.mark.parametrize("power", [0.5, 0.8, 0.9])
    def test_agrees_with_the_power_of_a_z_test(self, alpha: float, power: float) -> None:
        n = sample_size_mean(0.1, 0.25, alpha=alpha, power=power)
        shift = 0.1 / math.sqrt(0.25 / n)
        reached = float(stats.norm.sf(stats.norm.isf(alpha / 2) - shift))
        assert power <= reached < power + 0.01

    def test_nothing_varies(self) -> None:
        assert sample_size_mean(0.1, 0.0) == 1

    def test_refusals(self) -> None:
        with pytest.raises(ValueError, match="difference of 0"):
            sample_size_mean(0, 1)
        with pytest.raises(ValueError, match="variances"):
            sample_size_mean(0.1, -1)
        with pytest.raises(ValueError, match="repeats"):
            sample_size_mean(0.1, 1, repeats=(0, 1))
        with pytest.raises(ValueError, match="no comparison"):
            detectable_effect_mean(0, 1)
        with pytest.raises(ValueError, match="between 0 and 1"):
            sample_size_mean(0.1, 1, alpha=0)
        with pytest.raises(ValueError, match="between 0 and 1"):
            sample_size_mean(0.1, 1, power=1)
