"""What an agent did, as it is counted and stored."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.trace import USE_CLASSES, AgentOutcome, Step, ToolUse, Trace, count_uses
from app.schemas.trace import TraceOut
from tests.factories import properties


def use(tool: str = "retrieval", **fields: Any) -> ToolUse:
    values: dict[str, Any] = {"success": True, "error": None, "duration_s": 0.5, "needed": True, **fields}
    return ToolUse(tool, {"query": "K2"}, "8611 m", **values)


FAILED = use(success=False, error="retry", needed=None)
TRACE = Trace(
    (
        Step(
            "I look.", use(), read_as="bracket", repaired=True, calls=(0, 1), prompt_tokens=9, duration_s=1.0
        ),
        Step("", FAILED, calls=(2,)),
        Step("", answer="8611", last=True, calls=(3,)),
    ),
    AgentOutcome.ITERATION_LIMIT,
    "No answer.",
    0,
)
USES = st.builds(
    use,
    st.sampled_from(["retrieval", "calculator", "weather"]),
    success=st.booleans(),
    needed=st.sampled_from([True, False, None]),
)


class TestUse:
    @pytest.mark.parametrize(
        ("success", "needed", "kind"),
        [
            (True, True, "successful"),
            (True, False, "unneeded"),
            (True, None, "unneeded"),
            (False, None, "failed"),
            (False, True, "failed"),
        ],
    )
    def test_kind(self, success: bool, needed: bool | None, kind: str) -> None:
        assert use(success=success, needed=needed).kind == kind

    @properties
    @given(st.lists(USES, max_size=20))
    def test_counts_by_tool_and_class_sum_to_all(self, uses: list[ToolUse]) -> None:
        counted = count_uses(uses)
        assert set(counted) == {one.tool for one in uses}
        assert sum(sum(kinds.values()) for kinds in counted.values()) == len(uses)
        assert all(tuple(kinds) == USE_CLASSES for kinds in counted.values())


class TestTrace:
    def test_the_question_at_the_end_is_no_iteration(self) -> None:
        assert (TRACE.iterations, len(TRACE.steps), TRACE.repairs) == (2, 3, 1)

    def test_uses(self) -> None:
        assert TRACE.uses() == {"retrieval": {"successful": 1, "failed": 1, "unneeded": 0}}
        assert Trace((Step("Hm."),), AgentOutcome.STUCK).uses() == {}

    def test_nothing_done(self) -> None:
        value = Trace((), AgentOutcome.FAILED).as_dict()
        assert (value["steps"], value["summary"]["iterations"], value["summary"]["uses"]) == ([], 0, {})


class TestAsDict:
    def test_is_json_that_the_api_serves(self) -> None:
        value = json.loads(json.dumps(TRACE.as_dict()))
        assert value == TRACE.as_dict()
        assert TraceOut.model_validate(value).model_dump(mode="json") == value

    def test_summary_has_what_aggregates_need(self) -> None:
        assert TRACE.as_dict()["summary"] == {
            "outcome": "iteration_limit",
            "reason": "No answer.",
            "source": 0,
            "iterations": 2,
            "repairs": 1,
            "uses": TRACE.uses(),
        }

    def test_steps(self) -> None:
        first, second, last = TRACE.as_dict()["steps"]
        assert first["use"]["kind"] == "successful"
        assert first["use"]["arguments"] == {"query": "K2"}
        assert (first["calls"], first["repaired"], first["prompt_tokens"]) == ([0, 1], True, 9)
        assert (second["use"]["kind"], second["completion_tokens"]) == ("failed", None)
        assert (last["use"], last["answer"], last["last"]) == (None, "8611", True)

    @pytest.mark.parametrize("outcome", list(AgentOutcome))
    def test_of_every_outcome_is_served(self, outcome: AgentOutcome) -> None:
        assert TraceOut.model_validate(Trace((), outcome).as_dict()).summary.outcome is outcome
