"""Parameters that a model refuses: recognised, left out if the experiment allows it, else explained."""

from typing import Any

import orjson
import pytest

from app.domain.generation import GenerationParams, GenerationResult, Message
from app.domain.status import ExperimentStatus, FailureKind
from app.schemas.experiment_config import ExperimentConfig
from app.services.evaluation.metrics.stored import metrics_out
from app.services.execution.executor import Executor
from app.services.inference.catalog import ModelSpec, ProviderSpec, spellings_of
from app.services.inference.engines.request_body import without_system
from app.services.inference.error_bodies import read_error
from app.services.inference.failures import failure_from_status
from app.services.inference.refused_parameters import RefusedParameter, refused_parameter
from app.services.runtime import Runtime
from tests.factories import config
from tests.fixtures.fake_llm import FakeLLM
from tests.fixtures.fake_llm_behaviour import Reply
from tests.services.inference.conftest import OpenEngine
from tests.services.inference.steps import failure_of, request
from tests.support import create, metrics_of, result_of, runs_of, stored

DROP = GenerationParams(drop_unsupported=True, stop=("END",))
TURNS = (Message("system", "Be brief."), Message("user", "Hello?"))


def said(message: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


def invalid(name: str, text: str = "Extra inputs are not permitted") -> dict[str, Any]:
    return {"detail": [{"type": "extra_forbidden", "loc": ["body", name], "msg": text, "input": 7}]}


TEMPERATURE = said(
    "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is "
    "supported.",
    param="temperature",
    code="unsupported_value",
)
MAX_TOKENS = said(
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' "
    "instead.",
    param="max_tokens",
    code="unsupported_parameter",
)
NO_SYSTEM = said("System role not supported")
REFUSALS: list[tuple[Any, str, str | None]] = [
    (TEMPERATURE, "temperature", None),
    (MAX_TOKENS, "max_tokens", "max_completion_tokens"),
    (invalid("seed"), "seed", None),
    (invalid("stop"), "stop", None),
    (said("Unsupported parameter: 'stop' is not supported with this model.", param="stop"), "stop", None),
    (said("Model m does not support parameter stop."), "stop", None),
    (said("Argument not supported on this model: stop"), "stop", None),
    (said("property 'seed' is unsupported, did you mean 'send'?"), "seed", None),
    (said('Invalid JSON payload received. Unknown name "seed": Cannot find field.'), "seed", None),
    (said("Unrecognized request argument supplied: seed"), "seed", None),
    (said("`temperature` is deprecated for this model."), "temperature", None),
    (said("got an unexpected keyword argument 'top_p'"), "top_p", None),
    (said("This model does not support tools."), "tools", None),
    (NO_SYSTEM, "system_role", None),
    (said("Developer instruction is not enabled for models/gemma"), "system_role", None),
    (said("This model does not support system messages"), "system_role", None),
    ({"error": "unsupported role: 'system'"}, "system_role", None),
]
OTHERS = [
    said("max_tokens is too large: 32768. This model supports at most 16384 completion tokens"),
    said("temperature must be between 0 and 2"),
    said("Unsupported model"),
    said("This request was stopped: the input is not supported"),
    said("context length exceeded, the tools take too many tokens"),
]


class TestRecognised:
    @pytest.mark.parametrize(("body", "name", "instead"), REFUSALS)
    def test_refusals(self, body: Any, name: str, instead: str | None) -> None:
        if name != "tools":
            assert refused_parameter(read_error(body)) == RefusedParameter(name, instead)
        for status in (400, 422, 500):
            assert failure_from_status(status, orjson.dumps(body), {}).kind in {
                FailureKind.UNSUPPORTED,
                *([FailureKind.BAD_REQUEST, FailureKind.SERVER] if name == "tools" else []),
            }

    @pytest.mark.parametrize("body", OTHERS)
    def test_other_errors(self, body: Any) -> None:
        assert failure_from_status(400, orjson.dumps(body), {}).kind is not FailureKind.UNSUPPORTED

    def test_only_of_a_status_that_says_so(self) -> None:
        assert failure_from_status(429, orjson.dumps(TEMPERATURE), {}).kind is FailureKind.RATE_LIMIT


class TestDropped:
    async def test_one_after_another_and_never_sent_again(
        self, fake: FakeLLM, open_engine: OpenEngine
    ) -> None:
        for status, body in ((400, TEMPERATURE), (400, MAX_TOKENS), (422, invalid("seed")), (500, NO_SYSTEM)):
            fake.script.append(Reply(status, orjson.dumps(body)))
        engine = open_engine()
        for _ in range(2):
            result = await engine.generate(request(messages=TURNS, params=DROP))
            assert set(result.left_out) == {"temperature", "seed", "system_role"}
        assert fake.stats.requests == 6
        assert fake.stats.last_body == {
            "model": "some-model",
            "messages": [{"role": "user", "content": "Be brief.\n\nHello?"}],
            "max_completion_tokens": 64,
            "stop": ["END"],
        }

    async def test_by_one_refused_call_whatever_the_concurrency(
        self, fake: FakeLLM, open_engine: OpenEngine
    ) -> None:
        fake.script.append(Reply(400, orjson.dumps(TEMPERATURE), delay_s=0.05))
        results = await open_engine().generate_batch([request(f"p{i}", params=DROP) for i in range(12)])
        assert all(isinstance(one, GenerationResult) and one.left_out == ("temperature",) for one in results)
        assert fake.stats.requests == 13

    async def test_what_is_refused_again_under_its_other_name(
        self, fake: FakeLLM, open_engine: OpenEngine
    ) -> None:
        back = (
            orjson.dumps(MAX_TOKENS)
            .replace(b"max_tokens", b"x")
            .replace(b"max_completion_tokens", b"max_tokens")
        )
        fake.script.append(Reply(400, orjson.dumps(MAX_TOKENS)))
        fake.script.append(Reply(400, back.replace(b"x", b"max_completion_tokens")))
        result = await open_engine().generate(request(params=DROP))
        assert result.text
        assert fake.stats.requests == 3

    async def test_a_server_that_refuses_without_end(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.set(raw_status=400, raw_body=orjson.dumps(TEMPERATURE).decode())
        error = await failure_of(open_engine(), request(params=DROP))
        assert error.kind is FailureKind.BAD_REQUEST
        assert fake.stats.requests == 2

    @pytest.mark.parametrize("name", ["response_format", "tools"])
    async def test_what_changes_the_question_is_not_dropped(
        self, fake: FakeLLM, open_engine: OpenEngine, name: str
    ) -> None:
        fake.script.append(Reply(400, orjson.dumps(said(f"Unsupported parameter: '{name}'", param=name))))
        error = await failure_of(open_engine(extra_body={name: {}}), request(params=DROP))
        assert error.kind is FailureKind.UNSUPPORTED


class TestNotDropped:
    @pytest.mark.parametrize(
        ("body", "refused", "how"),
        [
            (TEMPERATURE, "the parameter temperature", "leave it out"),
            (NO_SYSTEM, "a system message", "send its text as the user's"),
        ],
    )
    async def test_is_explained(
        self, fake: FakeLLM, open_engine: OpenEngine, body: Any, refused: str, how: str
    ) -> None:
        fake.script.append(Reply(400, orjson.dumps(body)))
        error = await failure_of(open_engine(), request(messages=TURNS))
        assert error.kind is FailureKind.UNSUPPORTED
        said = f"(The model refuses {refused}; set params.unsupported to drop, to {how}.)"
        assert error.message.endswith(said)
        assert fake.stats.requests == 1

    async def test_what_was_not_sent_is_not_the_reason(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(Reply(400, orjson.dumps(NO_SYSTEM)))
        assert (await failure_of(open_engine())).kind is FailureKind.BAD_REQUEST


class TestCatalog:
    @pytest.mark.parametrize(
        ("model", "spellings"),
        [
            ("acme/o3-mini", {"max_tokens": "m", "temperature": None}),
            ("acme/O4", {"max_tokens": "m", "temperature": None}),
            ("acme/plain", {"max_tokens": "m"}),
        ],
    )
    def test_by_model(self, model: str, spellings: dict[str, str | None]) -> None:
        provider = ProviderSpec(
            engine="openai", fields={"max_tokens": "m"}, by_model={"o[34]*": {"temperature": None}}
        )
        assert spellings_of(provider, ModelSpec(name=model)) == spellings
        own = ModelSpec(name=model, fields={"max_tokens": None})
        assert spellings_of(provider, own) == spellings | {"max_tokens": None}

    async def test_another_name_of_the_system_role(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        await open_engine(fields={"system_role": "developer"}).generate(request(messages=TURNS))
        assert [one["role"] for one in fake.stats.last_body["messages"]] == ["developer", "user"]

    def test_system_messages_without_a_user(self) -> None:
        assert without_system((Message("system", "a"), Message("assistant", "b"))) == (
            Message("user", "a"),
            Message("assistant", "b"),
        )


class TestExperiment:
    """Through the whole path."""

    async def run(
        self, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, **fields: Any
    ) -> tuple[Any, FakeLLM]:
        async with FakeLLM() as server:
            monkeypatch.setenv("VLLM_BASE_URL", server.base_url)
            server.script.append(Reply(400, orjson.dumps(TEMPERATURE)))
            experiment_id = await create(runtime, model="vllm/m", concurrency=1, sample={"n": 6}, **fields)
            self.status = await Executor(runtime, experiment_id).run()
        return experiment_id, server

    async def test_ends_at_the_first(
        self, runtime: Runtime, dataset: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        experiment_id, server = await self.run(runtime, monkeypatch)
        assert self.status is ExperimentStatus.FAILED
        assert "set params.unsupported to drop" in ((await stored(runtime, experiment_id)).reason or "")
        assert server.stats.requests <= 2

    async def test_goes_on_without_and_says_so(
        self, runtime: Runtime, dataset: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        experiment_id, server = await self.run(runtime, monkeypatch, params={"unsupported": "drop"})
        assert self.status is ExperimentStatus.COMPLETED
        assert server.stats.requests == 7
        result = await result_of(runtime, experiment_id)
        assert result is not None
        assert result.provenance["left_out"] == ["temperature"]
        warnings = metrics_out(await metrics_of(runtime, experiment_id)).warnings
        assert warnings == ["temperature was left out in 6 of 6 runs: the model refuses it."]
        assert all(
            run.calls[0]["left_out"] == ["temperature"] for run in await runs_of(runtime, experiment_id)
        )


class TestConfiguration:
    def test_hash_and_json_stay_where_it_is_not_set(self) -> None:
        plain, fails = config(), config(params={"unsupported": "fail"})
        assert plain.hash() == fails.hash() != config(params={"unsupported": "drop"}).hash()
        assert "unsupported" not in plain.as_json()["params"]
        assert ExperimentConfig.model_validate(plain.as_json()) == plain
        drop = config(params={"unsupported": "drop"})
        assert ExperimentConfig.model_validate(drop.as_json()) == drop
