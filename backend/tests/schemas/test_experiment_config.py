import json
import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.domain.generation import GenerationParams
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.method_config import CoTMethodConfig, NaiveMethodConfig
from app.services.methods.prompts import PromptTemplate
from tests.factories import config, properties

# By path: another valid value than the default, and whether it can change an answer.
OTHER_VALUES: dict[str, tuple[Any, bool]] = {
    "name": ("other", False),
    "description": ("other", False),
    "concurrency": (1, False),
    "faithfulness": ({"judge": "nli"}, False),
    "timeout_s": (5.0, False),
    "max_failed_share": (1.0, False),
    "cache": (False, False),
    "model": ("mock/echo", True),
    "seed": (1, True),
    "repeats": (2, True),
    "method.template": ("{question}", True),
    "method.system": ("Be brief.", True),
    "dataset.name": ("squad", True),
    "dataset.version": ("0123456789abcdef", True),
    "dataset.n": (5, True),
    "params.temperature": (0.5, True),
    "params.max_tokens": (8, True),
    "params.top_p": (0.9, True),
    "params.stop": (["\n"], True),
}
DECIDED_BY_OTHERS = {"method.name"}

CONFIGS = st.builds(
    config,
    name=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20),
    description=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
    seed=st.integers(0, 2**31 - 1),
    repeats=st.integers(1, 100),
    params=st.fixed_dictionaries(
        {
            "temperature": st.floats(0, 2),
            "top_p": st.none() | st.floats(0.01, 1),
            "stop": st.lists(st.sampled_from(["\n", "Question:", "é", ": #"]), max_size=4),
        }
    ),
)


def raw(path: str, value: Any) -> dict[str, Any]:
    """Return fields for ``config()`` that set ``path`` to ``value``."""
    outer, _, inner = path.partition(".")
    if not inner:
        return {outer: value}
    return {outer: {"name": "trivia_qa", inner: value} if outer == "dataset" else {inner: value}}


def problem(**fields: Any) -> dict[str, Any]:
    """Return the one problem that these fields have, as Pydantic reports it."""
    with pytest.raises(ValidationError) as caught:
        config(**fields)
    (error,) = caught.value.errors()
    return {"path": ".".join(str(part) for part in error["loc"]), "message": error["msg"]}


class TestDefaults:
    def test_minimal(self) -> None:
        assert config().as_json() == {
            "name": "a name",
            "description": "",
            "model": "mock/hash",
            "method": {"name": "naive", "template": NaiveMethodConfig().template, "system": None},
            "dataset": {"name": "trivia_qa", "version": None, "n": None},
            "params": {"temperature": 0.0, "max_tokens": 64, "top_p": None, "stop": []},
            "seed": 0,
            "repeats": 1,
            "concurrency": 16,
            "timeout_s": 120.0,
            "max_failed_share": 0.1,
            "cache": True,
            "faithfulness": None,
        }

    @pytest.mark.parametrize("missing", ["name", "model", "dataset"])
    def test_what_has_no_default(self, missing: str) -> None:
        fields = config().as_json()
        del fields[missing]
        with pytest.raises(ValidationError, match=f"{missing}\n  Field required"):
            ExperimentConfig.model_validate(fields)

    def test_generation_params(self) -> None:
        params = config(params={"temperature": 0.7, "top_p": 0.9, "stop": ["\n"]}).generation_params()
        assert params == GenerationParams(temperature=0.7, max_tokens=64, top_p=0.9, stop=("\n",))


class TestRefused:
    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({"temprature": 0.5}, "temprature"),
            ({"params": {"temprature": 0.5}}, "params.temprature"),
            ({"dataset": {"name": "d", "size": 5}}, "dataset.size"),
            ({"method": {"name": "naive", "prompt": "{question}"}}, "method.prompt"),
        ],
    )
    def test_unknown_field(self, fields: dict[str, Any], path: str) -> None:
        assert problem(**fields) == {"path": path, "message": "Extra inputs are not permitted"}

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("params.temperature", -0.1),
            ("params.temperature", 2.1),
            ("params.temperature", math.nan),
            ("params.max_tokens", 0),
            ("params.top_p", 0),
            ("params.top_p", 1.1),
            ("params.top_p", math.nan),
            ("params.stop", ["a", "b", "c", "d", "e"]),
            ("dataset.n", 0),
            ("dataset.n", -1),
            ("dataset.n", 1_000_001),
            ("dataset.n", 2.5),
            ("dataset.name", ""),
            ("name", ""),
            ("name", "x" * 201),
            ("model", "ab"),
            ("seed", -1),
            ("seed", 2**31),
            ("repeats", 0),
            ("repeats", 101),
            ("concurrency", 0),
            ("workers", 0),
            ("workers", 65),
            ("workers", "2"),
            ("workers", "all"),
            ("priority", "highest"),
            ("priority", 1),
            ("timeout_s", 0),
            ("timeout_s", math.inf),
            ("max_failed_share", -0.01),
            ("max_failed_share", 1.01),
            ("max_failed_share", math.nan),
            ("method.name", "no_such_method"),
            ("method.template", "x" * 20_001),
        ],
    )
    def test_value_out_of_bounds(self, path: str, value: Any) -> None:
        assert problem(**raw(path, value))["path"] == path

    def test_empty_stop_string(self) -> None:
        assert problem(params={"stop": ["\n", ""]})["path"] == "params.stop.1"

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("name", "a\0b"),
            ("description", "\0"),
            ("model", "mock/\0"),
            ("dataset.name", "d\0"),
            ("dataset.version", "\0"),
            ("method.template", "{question}\0"),
            ("method.system", "\0"),
        ],
    )
    def test_nul(self, path: str, value: str) -> None:
        message = "Value error, must not hold NUL characters"
        assert problem(**raw(path, value)) == {"path": path, "message": message}

    def test_nul_in_a_stop_string(self) -> None:
        assert problem(params={"stop": ["\n", "\0"]})["path"] == "params.stop.1"

    def test_lone_surrogate(self) -> None:
        assert problem(name="a\ud800")["path"] == "name"

    def test_change_afterwards(self) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            config().seed = 1  # type: ignore[misc]


class TestTemplate:
    @pytest.mark.parametrize("template", ["", "Answer this.", "{Question}", "{ question }"])
    def test_without_the_question(self, template: str) -> None:
        found = problem(method={"template": template})
        assert found == {"path": "method.template", "message": "Value error, must hold the place {question}"}

    def test_with_an_unknown_place(self) -> None:
        assert "unknown place {context}" in problem(method={"template": "{context} {question}"})["message"]

    def test_with_other_braces(self) -> None:
        template = '{question} Answer as {"answer": "…"}'
        assert config(method={"template": template}).method == NaiveMethodConfig(template=template)

    @properties
    @given(
        st.lists(st.sampled_from(["{question}", "{x}", "{", "}", "question", " ", '{"a": 1}'])).map("".join)
    )
    def test_is_accepted_just_when_it_can_be_rendered(self, template: str) -> None:
        def accepted(build: Any) -> bool:
            try:
                build()
            except ValueError:
                return False
            return True

        in_schema = accepted(lambda: NaiveMethodConfig(template=template))
        assert in_schema == accepted(lambda: PromptTemplate(template))


COT = {"name": "cot"}


class TestMethods:
    def test_of_before_there_were_two(self) -> None:
        assert config(method={"template": "{question}!"}).method == NaiveMethodConfig(template="{question}!")
        assert config(method={}).method == NaiveMethodConfig()

    def test_chain_of_thought(self) -> None:
        method = config(method=COT).method
        assert isinstance(method, CoTMethodConfig)
        assert (method.shots, method.exemplars, method.samples, method.system) == (3, "auto", 1, None)

    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({"template": "no place"}, "method.template"),
            ({"template": "{question}\0"}, "method.template"),
            ({"shots": 6}, "method.shots"),
            ({"shots": -1}, "method.shots"),
            ({"exemplars": "poems"}, "method.exemplars"),
            ({"samples": 0}, "method.samples"),
            ({"samples": 21}, "method.samples"),
            ({"votes": 3}, "method.votes"),
        ],
    )
    def test_refused_at_its_field(self, fields: dict[str, Any], path: str) -> None:
        assert problem(method={**COT, **fields}, params={"temperature": 1})["path"] == path

    @pytest.mark.parametrize("name", ["telepathy", "", None, 5, [], {}])
    def test_unknown(self, name: Any) -> None:
        assert problem(method={"name": name}) == {
            "path": "method.name",
            "message": "Input should be 'naive', 'cot', 'rag' or 'react'",
        }

    @pytest.mark.parametrize("method", ["cot", 5, None, ["cot"]])
    def test_not_an_object(self, method: Any) -> None:
        assert problem(method=method)["path"] == "method"

    def test_samples_need_a_temperature(self) -> None:
        found = problem(method={**COT, "samples": 3}, params={"temperature": 0})
        assert found["path"] == "method.samples"
        assert found["message"].startswith("3 samples need a temperature above 0")
        assert config(method={**COT, "samples": 3}, params={"temperature": 0.1}).method.votes == 3

    def test_reasoning_has_more_room_unless_it_is_said(self) -> None:
        def max_tokens(**fields: Any) -> int:
            return config(**fields).params.max_tokens

        assert max_tokens() == max_tokens(method={"name": "naive"}, params={}) == 64
        assert max_tokens(method=COT) == max_tokens(method=COT, params={"temperature": 1}) == 512
        assert max_tokens(method=CoTMethodConfig(name="cot")) == 512
        assert max_tokens(method=COT, params={"max_tokens": 64}) == 64
        assert config(method=COT).as_json()["params"]["max_tokens"] == 512

    def test_round_trip(self) -> None:
        original = config(method={**COT, "samples": 3, "shots": 0}, params={"temperature": 1})
        assert ExperimentConfig.model_validate(original.as_json()) == original
        assert ExperimentConfig.model_validate_json(original.model_dump_json()) == original

    def test_each_field_matters_for_the_hash(self) -> None:
        def hashed(**fields: Any) -> str:
            return config(method={**COT, **fields}, params={"temperature": 1}).hash()

        others: list[dict[str, Any]] = [
            {"shots": 1},
            {"exemplars": "facts"},
            {"template": "{question}"},
            {"system": "Be brief."},
            {"samples": 2},
        ]
        assert {name for fields in others for name in fields} == set(CoTMethodConfig.model_fields) - {"name"}
        naive = config(params={"temperature": 1}).hash()
        assert len({naive, hashed(), *(hashed(**fields) for fields in others)}) == len(others) + 2


class TestHash:
    @pytest.mark.parametrize("path", [path for path, (_, decides) in OTHER_VALUES.items() if not decides])
    def test_words_speed_and_tolerance_do_not_matter(self, path: str) -> None:
        other = config(**raw(path, OTHER_VALUES[path][0]))
        assert other != config()
        assert other.hash() == config().hash()

    def test_how_it_is_run_does_not_matter(self) -> None:
        usual = config(workers="auto", priority="normal")
        assert usual.as_json().keys().isdisjoint({"workers", "priority"})  # as before they existed
        other = config(workers=3, priority="high")
        assert other.hash() == usual.hash()
        assert ExperimentConfig.model_validate(other.as_json()) == other

    def test_each_field_that_decides_answers_matters(self) -> None:
        changed = {
            path: config(**raw(path, value)).hash()
            for path, (value, decides) in OTHER_VALUES.items()
            if decides
        }
        assert len({config().hash(), *changed.values()}) == len(changed) + 1

    def test_every_field_is_decided_upon(self) -> None:
        fields = config().as_json()
        paths = {
            f"{outer}.{inner}" if isinstance(value, dict) else outer
            for outer, value in fields.items()
            for inner in (value if isinstance(value, dict) else [""])
        }
        assert paths == set(OTHER_VALUES) | DECIDED_BY_OTHERS

    def test_defaults_written_out_are_the_same(self) -> None:
        assert ExperimentConfig.model_validate(config().as_json()).hash() == config().hash()

    def test_whole_numbers_are_the_same_as_floats(self) -> None:
        assert config(params={"temperature": 1}).hash() == config(params={"temperature": 1.0}).hash()


class TestRoundTrip:
    @properties
    @given(CONFIGS)
    def test_json(self, original: ExperimentConfig) -> None:
        again = ExperimentConfig.model_validate(json.loads(json.dumps(original.as_json())))
        assert again == original
        assert ExperimentConfig.model_validate_json(original.model_dump_json()) == original

    @properties
    @given(CONFIGS)
    def test_yaml(self, original: ExperimentConfig) -> None:
        again = ExperimentConfig.model_validate(yaml.safe_load(yaml.safe_dump(original.as_json())))
        assert again == original
        assert again.hash() == original.hash()

    def test_yaml_as_people_write_it(self) -> None:
        text = """
            name: first try
            model: local/smollm2-135m-instruct
            dataset: {name: trivia_qa, n: 20}
            params:
              temperature: 0
              stop: ["\\n"]
            method:
              name: naive
              template: |-
                Q: {question}
                A:
        """
        read = ExperimentConfig.model_validate(yaml.safe_load(text))
        assert read.method == NaiveMethodConfig(template="Q: {question}\nA:")
        assert read.dataset.n == 20
        assert read.generation_params() == GenerationParams(stop=("\n",))


class TestExecution:
    def test_the_size_of_groups_is_for_groups(self) -> None:
        with pytest.raises(ValidationError, match="choose that mode, or leave batch_size out") as caught:
            config(execution={"mode": "sequential", "batch_size": 16})
        assert caught.value.errors()[0]["loc"] == ("execution", "batch_size")
        assert config(execution={"mode": "batched", "batch_size": 16}).execution.batch_size == 16

    @pytest.mark.parametrize("mode", ["sequential", "concurrent", "batch_job"])
    def test_what_is_stored_with_its_defaults_is_read_again(self, mode: str) -> None:
        first = config(execution={"mode": mode, "schedule": "by_prefix"})
        assert ExperimentConfig.model_validate(first.as_json()) == first

    def test_only_the_prefix_cache_decides_answers(self) -> None:
        plain = config().hash()
        assert config(execution={"mode": "batched", "schedule": "by_prefix"}).hash() == plain
        assert config(execution={"prefix_cache": True}).hash() != plain
