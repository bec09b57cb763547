"""The agent's configuration: its bounds, and what it leaves to others."""

from typing import Any

import pytest

from app.schemas.experiment_config import ExperimentConfig
from app.schemas.method_config import ReactMethodConfig
from tests.factories import config
from tests.schemas.test_experiment_config import problem

REACT = {"name": "react"}


def method(**fields: Any) -> ReactMethodConfig:
    made = config(method={**REACT, **fields}).method
    assert isinstance(made, ReactMethodConfig)
    return made


class TestDefaults:
    def test_of_a_bare_name(self) -> None:
        made = method()
        assert (made.tools, made.form, made.max_iterations) == (["retrieval", "calculator"], "text", 5)
        assert (made.exemplars, made.final_answer_prompt, made.system, made.votes) == (
            "auto",
            "needed",
            None,
            1,
        )

    def test_room_of_a_step_unless_it_is_said(self) -> None:
        assert config(method=REACT).params.max_tokens == ReactMethodConfig.max_tokens
        warm = config(method=REACT, params={"temperature": 0.5})
        assert warm.params.max_tokens == ReactMethodConfig.max_tokens
        assert config(method=REACT, params={"max_tokens": 7}).params.max_tokens == 7

    @pytest.mark.parametrize(
        ("fields", "calls"),
        [
            ({}, 6),
            ({"final_answer_prompt": "never"}, 5),
            ({"max_iterations": 1}, 2),
            ({"max_iterations": 20}, 21),
        ],
    )
    def test_most_calls(self, fields: dict[str, Any], calls: int) -> None:
        assert method(**fields).most_calls == calls

    @pytest.mark.parametrize(
        ("form", "feature"),
        [("text", None), ("grammar", "grammar"), ("json", "json_schema"), ("native", "tools")],
    )
    def test_feature_that_a_form_needs(self, form: str, feature: str | None) -> None:
        assert method(form=form).needed_feature == feature

    def test_survives_being_stored(self) -> None:
        made = config(method={**REACT, "tools": ["wikipedia_search"], "form": "json"})
        assert config(**made.as_json()) == made
        assert config(**made.as_json()).hash() == made.hash()


class TestEarlierName:
    """``final_answer_prompt`` was called ``last_question``, in files and in stored experiments."""

    @pytest.mark.parametrize("value", ["never", "needed", "always"])
    def test_is_read(self, value: str) -> None:
        assert method(last_question=value) == method(final_answer_prompt=value)

    def test_is_written_by_the_new_name_alone(self) -> None:
        stored = config(method={**REACT, "last_question": "always"}).as_json()["method"]
        assert stored["final_answer_prompt"] == "always"
        assert "last_question" not in stored

    def test_with_another_value_is_refused(self) -> None:
        assert problem(method={**REACT, "last_question": "perhaps"})["path"] == "method.final_answer_prompt"

    def test_beside_the_new_one_is_refused(self) -> None:
        both = {**REACT, "last_question": "never", "final_answer_prompt": "never"}
        assert problem(method=both)["path"] == "method.last_question"

    def test_leaves_the_hash_of_stored_experiments_as_it_was(self) -> None:
        """The hash was computed by the version that knew the earlier name alone."""
        react = {"name": "react", "form": "json", "last_question": "needed", "knowledge_base": "wiki"}
        experiment = ExperimentConfig.model_validate(
            {"name": "a", "model": "mock/x", "dataset": {"name": "trivia_qa"}, "method": react}
        )
        assert experiment.hash() == "c7360b545967061f748f47ebc40a2cd4c0b2e5f34f535ab8280dfc700b620512"


class TestRefused:
    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({"tools": []}, "method.tools"),
            ({"tools": ["calculator", "calculator"]}, "method.tools"),
            ({"tools": ["retrieval", "wikipedia_search", "calculator", "retrieval"]}, "method.tools"),
            ({"tools": ["weather"]}, "method.tools.0"),
            ({"tools": "retrieval"}, "method.tools"),
            ({"form": "xml"}, "method.form"),
            ({"max_iterations": 0}, "method.max_iterations"),
            ({"max_iterations": 21}, "method.max_iterations"),
            ({"shots": -1}, "method.shots"),
            ({"shots": 4}, "method.shots"),
            ({"exemplars": "poems"}, "method.exemplars"),
            ({"observation_tokens": 31}, "method.observation_tokens"),
            ({"observation_tokens": 4097}, "method.observation_tokens"),
            ({"top_k": 0}, "method.top_k"),
            ({"top_k": 11}, "method.top_k"),
            ({"template": "no place"}, "method.template"),
            ({"template": "{passages} {question}"}, "method.template"),
            ({"system": "a\0b"}, "method.system"),
            ({"chunk_tokens": 100, "chunk_overlap": 51}, "method.chunk_overlap"),
            ({"temperature": 1}, "method.temperature"),
        ],
    )
    def test_at_its_field(self, fields: dict[str, Any], path: str) -> None:
        assert problem(method={**REACT, **fields})["path"] == path

    @pytest.mark.parametrize(
        "fields",
        [
            {"tools": ["retrieval", "wikipedia_search", "calculator"]},
            {"max_iterations": 1, "shots": 0, "observation_tokens": 32, "top_k": 1},
            {"max_iterations": 20, "shots": 3, "observation_tokens": 4096, "top_k": 10},
            {"chunk_tokens": 100, "chunk_overlap": 50},
            {"system": "No place for the tools."},
        ],
    )
    def test_at_the_bounds_not(self, fields: dict[str, Any]) -> None:
        assert method(**fields).name == "react"

    def test_a_tool_twice_says_so(self) -> None:
        assert "each tool once" in problem(method={**REACT, "tools": ["calculator"] * 2})["message"]

    def test_stop_strings_leave_room_for_the_agent_s(self) -> None:
        stops = ["a", "b", "c", "d"]
        found = problem(method=REACT, params={"stop": stops})
        assert found["path"] == "params.stop"
        assert "3" in found["message"]
        assert config(method=REACT, params={"stop": stops[:3]}).params.stop == stops[:3]
        assert config(method={"name": "naive"}, params={"stop": stops}).params.stop == stops

    def test_samples_are_no_field(self) -> None:
        assert problem(method={**REACT, "samples": 3})["path"] == "method.samples"


class TestHash:
    @pytest.mark.parametrize(
        "fields",
        [
            {"tools": ["retrieval"]},
            {"tools": ["calculator", "retrieval"]},
            {"form": "json"},
            {"max_iterations": 4},
            {"shots": 1},
            {"exemplars": "facts"},
            {"observation_tokens": 100},
            {"final_answer_prompt": "never"},
            {"top_k": 3},
            {"template": "{question}"},
            {"system": "{tools}"},
        ],
    )
    def test_changes_with_what_decides_the_answers(self, fields: dict[str, Any]) -> None:
        assert config(method={**REACT, **fields}).hash() != config(method=REACT).hash()


class TestKnowledge:
    def test_is_read_only_with_its_tool(self) -> None:
        with_it, without = method(), method(tools=["calculator", "wikipedia_search"])
        assert with_it.knowledge is with_it
        assert without.knowledge is None
