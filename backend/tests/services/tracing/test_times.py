"""Tests of when the parts of a run were done."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.stages import STAGES, StoredStage
from app.services.tracing.times import Window, times_of

END = 1_700_000_000_000_000_000
NAMES = [*(one.name for one in STAGES), "tool:calculator", "later"]
stages = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(0, 10**9), st.none() | st.integers(0, 5)).map(
        lambda one: [one[0], one[1]] if one[2] is None else [*one]
    ),
    max_size=40,
)


class TestTimesOf:
    def test_a_rag_run(self) -> None:
        found = times_of(
            [
                ["search_wait", 1],
                ["dense", 2],
                ["prompt", 3],
                ["lookup", 4],
                ["slot", 5],
                ["call", 6],
                ["parsing", 7],
                ["turn", 8],
                ["scoring", 9],
                ["judging", 10],
                ["storing", 11],
            ],
            None,
            END,
        )
        start = END - 66_000
        assert found.run == Window(start, END)
        assert found.retrieval == Window(start, start + 3_000)
        assert found.calls == [Window(start + 6_000, start + 21_000)]
        assert found.scoring == Window(start + 36_000, start + 55_000)

    def test_calls_from_the_cache_and_failed_ones_are_told_apart(self) -> None:
        found = times_of(
            [
                ["lookup", 1, 0],
                ["parsing", 1, 0],
                ["tool:calculator", 5, 0],
                ["lookup", 2, 1],
                ["lookup", 3, 1],
                ["slot", 1, 1],
                ["first_token", 1, 1],
                ["rest", 1, 1],
                ["lookup", 1, 2],
                ["slot", 1, 2],
                ["failed_call", 1, 2],
                ["backoff", 1, 2],
                ["failed_call", 1, 2],
                ["storing", 1],
            ],
            None,
            END,
        )
        lengths = [(one.end_ns - one.start_ns) // 1_000 for one in found.calls]
        assert lengths == [1, 2, 6, 5]
        assert list(found.tools) == [0]
        assert found.tools[0].end_ns - found.tools[0].start_ns == 5_000

    def test_the_wait_for_the_group_belongs_to_the_call(self) -> None:
        found = times_of([["group", 1], ["call", 2], ["group", 3], ["parsing", 1]], None, END)
        assert [(one.end_ns - one.start_ns) // 1_000 for one in found.calls] == [6]

    def test_without_stages_the_latency_is_all_that_is_known(self) -> None:
        assert times_of(None, 2.0, END).run == Window(END - 2_000_000, END)
        assert times_of(None, None, END).call(0, 1) == Window(END, END)

    @given(stages)
    def test_every_part_is_within_the_run_and_calls_follow_each_other(
        self, stages: list[StoredStage]
    ) -> None:
        found = times_of(stages, None, END)
        assert found.run.end_ns == END
        assert found.run.end_ns - found.run.start_ns == 1_000 * sum(int(stage[1]) for stage in stages)
        parts = [*found.calls, *found.tools.values(), found.retrieval, found.scoring]
        for part in parts:
            assert part is None or found.run.start_ns <= part.start_ns <= part.end_ns <= END
        for before, after in zip(found.calls, found.calls[1:], strict=False):
            assert before.end_ns <= after.start_ns
