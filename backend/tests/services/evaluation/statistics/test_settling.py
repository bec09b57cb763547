"""When sides are settled against a baseline: each by itself, in a family, and whatever the parts."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.services.evaluation.statistics.settling import Settling, possible_differences

Floats = NDArray[np.float64]


def pairs(*values: float) -> tuple[Floats, Floats]:
    return np.array(values), np.array(values)


def drawn(rng: np.random.Generator, n: int, worse: float, better: float) -> tuple[Floats, Floats]:
    return pairs(*rng.choice([-1.0, 0.0, 1.0], n, p=[worse, 1 - worse - better, better]))


def test_ends_at_the_first_question_that_decides() -> None:
    settling = Settling(["b"])
    settling.add({"b": pairs(0.0, 0.0, *[1.0] * 7)})
    assert settling.open == ["b"]
    look = settling.look("b")
    assert (look.settled, look.verdict, look.questions) == (False, "cannot_tell", 9)
    assert look.low < 0 < look.high
    settling.add({"b": pairs(*[1.0] * 50)})
    look = settling.look("b")
    assert (look.settled, look.verdict, look.questions, settling.questions) == (True, "better", 10, 10)
    assert 0 < look.low < look.high <= 1
    assert look.p < 0.05
    settling.add({})
    assert settling.questions == 10


def test_a_side_that_is_worse_leaves_and_the_others_go_on() -> None:
    settling = Settling(["worse", "same"], 0.3)
    rng = np.random.default_rng(0)
    same = drawn(rng, 400, 0.1, 0.1)
    settling.add({"worse": pairs(*[-1.0] * 400), "same": same})
    worse, other = settling.look("worse"), settling.look("same")
    assert (worse.verdict, other.verdict) == ("worse", "equivalent")
    assert worse.questions < other.questions < 400
    assert -0.3 < other.equivalence.low < other.equivalence.high < 0.3


def test_a_family_takes_more_and_each_finding_makes_the_next_easier() -> None:
    alone, many = Settling(["a"]), Settling(["a", "b", "c", "d"])
    ones, zeros = pairs(*[1.0] * 20), pairs(*[0.0] * 20)
    alone.add({"a": ones})
    many.add({"a": ones, "b": zeros, "c": zeros, "d": zeros})
    assert alone.look("a").questions < many.look("a").questions
    assert many.look("b").level == pytest.approx(1 - 0.05 / 3)


def test_in_parts_it_finds_the_same() -> None:
    rng = np.random.default_rng(5)
    sides = {
        "a": drawn(rng, 700, 0.05, 0.15),
        "b": drawn(rng, 700, 0.02, 0.02),
        "c": drawn(rng, 700, 0.1, 0.1),
    }
    whole, parts = Settling([*sides], 0.05), Settling([*sides], 0.05)
    whole.add(sides)
    start = 0
    while start < 700:
        size = int(rng.integers(1, 40))
        parts.add(
            {
                name: (one[0][start : start + size], one[1][start : start + size])
                for name, one in sides.items()
            }
        )
        start += size
    assert {"a", "b"} <= {*whole.settled}
    for name in sides:
        one, other = whole.look(name), parts.look(name)
        assert (one.questions, one.verdict, one.settled) == (other.questions, other.verdict, other.settled)
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-7)


def test_what_failed_could_be_right_or_wrong() -> None:
    first, second = np.array([1.0, 0.0, np.nan, np.nan]), np.array([0.0, np.nan, 1.0, np.nan])
    low, high = possible_differences(first, second, np.array([True, True, True, False]))
    assert low[:3].tolist() == [-1.0, 0.0, 0.0]
    assert high[:3].tolist() == [-1.0, 1.0, 1.0]
    assert np.isnan([low[3], high[3]]).all()
    low, high = possible_differences(first, second)
    assert (low[3], high[3]) == (-1.0, 1.0)


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="no side"):
        Settling([])
    with pytest.raises(ValueError, match="questions"):
        Settling(["a", "b"]).add({"a": pairs(0.0), "b": pairs(0.0, 1.0)})


def test_the_family_is_wrong_as_rarely_as_promised() -> None:
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(40):
        settling = Settling(["a", "b", "c"])
        settling.add({name: drawn(rng, 100, 0.15, 0.15) for name in "abc"})
        wrong += any(one.verdict in {"better", "worse"} for one in settling.settled.values())
    assert wrong <= 6
