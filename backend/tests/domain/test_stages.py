"""Tests of the clock of a run's stages, and of what is said about them."""

import itertools
import time

import pytest

from app.domain.stages import UNTIMED, StageClock, StageProfile, StageStatistics, describe_stage


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each look at the clock be 1.5 ms after the one before."""
    times = itertools.count(start=7.0, step=0.0015)
    monkeypatch.setattr("app.domain.stages.perf_counter", lambda: next(times))


def profile(own_p50_ms: float, **mean_ms: float) -> StageProfile:
    whole = sum(mean_ms.values())
    found = [StageStatistics(name, value, value, value, value / whole) for name, value in mean_ms.items()]
    return StageProfile(10, whole, whole, own_p50_ms, own_p50_ms, tuple(found))


class TestClock:
    @pytest.mark.usefixtures("ticks")
    def test_gives_all_time_to_the_stage_that_ends(self) -> None:
        clock = StageClock()
        clock.lap("prompt")
        clock.lap_call(None)
        assert clock.finish("storing") == [["prompt", 1500], ["call", 1500], ["storing", 1500]]

    @pytest.mark.usefixtures("ticks")
    def test_numbers_the_steps_of_an_agent(self) -> None:
        clock = StageClock()
        clock.begin_step()
        clock.lap("call")
        clock.begin_step()
        clock.lap("call")
        clock.end_steps()
        assert clock.finish("storing") == [
            ["call", 1500, 0],
            ["call", 1500, 1],
            ["parsing", 1500, 1],
            ["storing", 1500],
        ]

    @pytest.mark.usefixtures("ticks")
    @pytest.mark.parametrize(
        ("first_token_s", "parts"),
        [(0.0005, (500, 1000)), (0.0, (0, 1500)), (0.9, (1500, 0))],
    )
    def test_splits_a_call_at_its_first_token(self, first_token_s: float, parts: tuple[int, int]) -> None:
        clock = StageClock()
        clock.lap_call(first_token_s)
        found = clock.finish("storing") or []
        assert [stage[0] for stage in found] == ["first_token", "rest", "storing"]
        assert [stage[1] for stage in found] == [*(pytest.approx(part, abs=1) for part in parts), 1500]

    @pytest.mark.usefixtures("ticks")
    @pytest.mark.parametrize(
        ("seconds", "micros"),
        [((0.0005, 0.0003), [700, 500, 300]), ((0.9, 0.3), [0, 1500, 0]), ((), [1500])],
    )
    def test_leaves_what_no_part_has_to_the_rest(self, seconds: tuple[float, ...], micros: list[int]) -> None:
        clock = StageClock()
        clock.lap_parts("search_wait", dict(zip(("dense", "bm25"), seconds, strict=False)))
        found = [stage[1] for stage in clock.finish("storing") or []]
        assert found == [*(pytest.approx(part, abs=1) for part in micros), 1500]

    def test_adds_up_to_the_time_since_it_was_made(self) -> None:
        since = time.perf_counter()
        clock = StageClock()
        for _ in range(200):
            clock.lap("prompt")
        time.sleep(0.01)
        found = clock.finish("storing")
        wall = (time.perf_counter() - since) * 1e6
        assert found is not None
        whole = sum(int(stage[1]) for stage in found)
        assert all(int(stage[1]) >= 0 for stage in found)
        assert 10_000 <= whole <= wall

    def test_untimed_notes_nothing(self) -> None:
        UNTIMED.begin_step()
        UNTIMED.lap("prompt")
        UNTIMED.lap_parts("search_wait", {"dense": 1.0})
        UNTIMED.lap_call(0.1)
        UNTIMED.end_steps()
        assert UNTIMED.finish("storing") is None


class TestBottleneck:
    @pytest.mark.parametrize(
        ("found", "sentence"),
        [
            (
                profile(1840, first_token=400, rest=1300, dense=90, prompt=10),
                "Of a question's 1.84 s at the median, 94 % is the model's answer, and 5 % dense search.",
            ),
            (
                profile(52.4, call=96, prompt=4, slot=300),
                """Of a question's 52 ms at the median, 96 % is the model's answer. \
Beside that it spends 300 ms waiting for a free slot, behind other questions.""",
            ),
            (
                profile(0.94, **{"tool:calculator": 1.0}),
                "Of a question's 0.9 ms at the median, 100 % is the tool calculator.",
            ),
            (profile(0.0, slot=1), ""),
        ],
    )
    def test_is_one_plain_sentence(self, found: StageProfile, sentence: str) -> None:
        assert found.bottleneck == sentence


def test_a_stage_of_a_later_version_describes_itself() -> None:
    assert describe_stage("later").label == "later"
