from typing import get_args

import pytest

from app.domain.generation import GenerationParams, GenerationRequest, Message, Usage
from app.domain.hashing import content_hash
from app.domain.prediction import ParseOutcome
from app.domain.status import FailureKind
from app.schemas.method_config import NaiveMethodConfig
from app.services.inference.base import EngineError
from app.services.methods.base import Context
from app.services.methods.naive import NaiveMethod
from app.services.methods.prompts import PromptTemplate
from app.services.methods.registry import build_method
from tests.engines import ScriptedEngine, answered
from tests.factories import example

PARAMS = GenerationParams(temperature=0.5, max_tokens=8, stop=("\n",))


def context(engine: ScriptedEngine) -> Context:
    return Context(engine, "mock/scripted", PARAMS, seed=4, repeat=2)


class TestNaive:
    method = NaiveMethod(PromptTemplate(NaiveMethodConfig().template, "Be brief."), "squad")

    async def test_asks_once_with_the_parameters_of_the_experiment(self) -> None:
        engine = ScriptedEngine("Paris.")
        await self.method(example("Capital of France?"), context(engine))
        messages = (Message("system", "Be brief."), Message("user", "Question: Capital of France?\nAnswer:"))
        assert engine.calls == [GenerationRequest(messages, "mock/scripted", PARAMS, seed=4, repeat=2)]

    async def test_prediction_holds_output_answer_and_call(self) -> None:
        engine = ScriptedEngine(answered("Answer: Paris.\n\nQuestion: Capital of Spain?", Usage(7, 3)))
        prediction = await self.method(example("Capital of France?"), context(engine))
        assert prediction.output == "Answer: Paris.\n\nQuestion: Capital of Spain?"
        assert prediction.answer.text == "Paris"
        assert [call.request for call in prediction.calls] == engine.calls
        assert prediction.calls[0].result.usage == Usage(7, 3)

    async def test_a_number_is_read_from_the_steps_that_come_unasked(self) -> None:
        method = NaiveMethod(PromptTemplate(NaiveMethodConfig().template), "gsm8k")
        output = "She bakes 7 * 12 = 84 muffins.\nShe sells 84 - 15 = 69.\nSo she earns $138."
        prediction = await method(example("How much?", "#### 138"), context(ScriptedEngine(output)))
        assert prediction.answer.text == "138"

    async def test_repeating_the_question_is_no_answer(self) -> None:
        prediction = await self.method(example("Who?"), context(ScriptedEngine("Question: Who?\nAnswer:")))
        assert (prediction.answer.text, prediction.answer.outcome) == (None, ParseOutcome.ECHO)

    async def test_failure_is_passed_on(self) -> None:
        failure = EngineError(FailureKind.TIMEOUT, "no answer in 5 s")
        with pytest.raises(EngineError) as caught:
            await self.method(example(), context(ScriptedEngine(failure)))
        assert caught.value is failure

    def test_render_is_what_is_sent(self) -> None:
        assert self.method.render(example("Why?")) == self.method.prompt.render(example("Why?"))

    def test_template_identifies_the_prompt(self) -> None:
        assert self.method.template == {
            "method": "naive",
            "prompt": {"text": NaiveMethodConfig().template, "system": "Be brief."},
        }
        other = NaiveMethod(PromptTemplate(NaiveMethodConfig().template + " "), "squad")
        assert content_hash(other.template) != content_hash(self.method.template)


class TestBuildMethod:
    def test_default(self) -> None:
        assert build_method(NaiveMethodConfig(), "squad") == NaiveMethod(
            PromptTemplate(NaiveMethodConfig().template), "squad"
        )

    def test_own_prompt(self) -> None:
        method = build_method(NaiveMethodConfig(template="{question}?", system="Be brief."), "squad")
        assert method.render(example("Why")) == (Message("system", "Be brief."), Message("user", "Why?"))

    def test_name_is_the_name_in_the_configuration(self) -> None:
        names = get_args(NaiveMethodConfig.model_fields["name"].annotation)
        assert build_method(NaiveMethodConfig(), "squad").name in names
