"""Tests of chain of thought: the prompt with worked examples, samples, and the vote."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pytest

from app.domain.generation import GenerationParams, Message
from app.domain.hashing import content_hash
from app.domain.prediction import ParseOutcome
from app.domain.scoring import ScoringRule
from app.domain.status import FailureKind
from app.schemas.experiment_config import MAX_REPEATS
from app.schemas.method_config import CoTMethodConfig
from app.services.inference.base import EngineError
from app.services.inference.cache import cache_key
from app.services.methods.base import Context
from app.services.methods.cot import CoTMethod
from app.services.methods.exemplars import Exemplar, ExemplarsError, load_exemplars
from app.services.methods.prompts import CoTPromptTemplate
from app.services.methods.registry import build_method
from tests.engines import ScriptedEngine, answered
from tests.factories import example

PARAMS = GenerationParams(temperature=0.7, max_tokens=512)
SHOWN = Exemplar("What is 2 + 3?", "2 + 3 = 5.", "5")


def context(engine: ScriptedEngine, repeat: int = 2) -> Context:
    return Context(engine, "mock/scripted", PARAMS, seed=4, repeat=repeat)


def method(samples: int = 1, rule: ScoringRule = "gsm8k") -> CoTMethod:
    return CoTMethod(CoTPromptTemplate("Q: {question}", "Reason.", (SHOWN,)), rule, samples)


class TestPrompt:
    def test_worked_examples_are_turns_before_the_question(self) -> None:
        assert method().render(example("What is {x}?")) == (
            Message("system", "Reason."),
            Message("user", "Q: What is 2 + 3?"),
            Message("assistant", "2 + 3 = 5.\nAnswer: 5"),
            Message("user", "Q: What is {x}?"),
        )

    def test_zero_shot_tells_to_reason(self) -> None:
        (message,) = build_method(CoTMethodConfig(name="cot", shots=0), "gsm8k").render(example("Why?"))
        assert message.content.startswith("Question: Why?\nLet's think step by step")

    @pytest.mark.parametrize("shots", [1, 5])
    def test_shots(self, shots: int) -> None:
        messages = build_method(CoTMethodConfig(name="cot", shots=shots), "gsm8k").render(example())
        assert [message.role for message in messages] == ["user", "assistant"] * shots + ["user"]

    @pytest.mark.parametrize(
        ("rule", "kind"),
        [("gsm8k", "arithmetic"), ("hotpotqa", "multi_hop"), ("triviaqa", "facts"), ("squad", "facts")],
    )
    def test_auto_goes_by_the_scoring(self, rule: ScoringRule, kind: str) -> None:
        auto = build_method(CoTMethodConfig(name="cot"), rule)
        named = CoTMethodConfig.model_validate({"name": "cot", "exemplars": kind})
        assert auto.template == build_method(named, "squad").template
        others = {"facts", "multi_hop", "arithmetic"} - {kind}
        for other in others:
            unlike = CoTMethodConfig.model_validate({"name": "cot", "exemplars": other})
            assert build_method(unlike, rule).template != auto.template

    def test_hash_of_the_prompts_covers_the_worked_examples(self) -> None:
        one = CoTMethod(CoTPromptTemplate("{question}", None, (SHOWN,)), "gsm8k")
        other = CoTMethod(
            CoTPromptTemplate("{question}", None, (Exemplar("What is 2 + 3?", "Five.", "5"),)), "gsm8k"
        )
        none = CoTMethod(CoTPromptTemplate("{question}"), "gsm8k")
        assert len({content_hash(each.template) for each in (one, other, none)}) == 3

    def test_name_is_the_name_in_the_configuration(self) -> None:
        (name,) = get_args(CoTMethodConfig.model_fields["name"].annotation)
        assert build_method(CoTMethodConfig(name="cot"), "squad").name == name


class TestOneAnswer:
    async def test_asks_once_as_the_repeat(self) -> None:
        engine = ScriptedEngine("3 + 4 = 7.\nAnswer: 7")
        prediction = await method()(example("What is 3 + 4?"), context(engine))
        assert [(one.params, one.seed, one.repeat) for one in engine.calls] == [(PARAMS, 4, 2)]
        assert (prediction.output, prediction.answer.text) == ("3 + 4 = 7.\nAnswer: 7", "7")
        assert [call.vote for call in prediction.calls] == [None]

    async def test_output_at_the_token_limit(self) -> None:
        engine = ScriptedEngine(answered("First we add 3 and 4. So we", finish_reason="length"))
        prediction = await method()(example("What is 3 + 4?"), context(engine))
        assert (prediction.answer.text, prediction.answer.outcome) == (None, ParseOutcome.CUT_OFF)

    async def test_number_only_where_the_scoring_wants_one(self) -> None:
        for rule, text in (("gsm8k", "7"), ("squad", "7 apples")):
            engine = ScriptedEngine("Answer: 7 apples.")
            prediction = await method(rule=rule)(example(), context(engine))  # type: ignore[arg-type]
            assert prediction.answer.text == text


async def voted(
    answers: Sequence[str], rule: ScoringRule = "gsm8k"
) -> tuple[str | None, str, list[tuple[str | None, int]]]:
    engine = ScriptedEngine(answers)
    prediction = await method(len(answers), rule)(example(), context(engine))
    assert [call.result.text for call in prediction.calls] == list(answers)
    votes = [call.vote for call in prediction.calls if call.vote is not None]
    assert len(votes) == len(answers)
    return prediction.answer.text, prediction.output, [(vote.counted_as, vote.votes) for vote in votes]


class TestVote:
    async def test_majority_wins(self) -> None:
        text, output, votes = await voted(["Answer: 8", "So 7.\nAnswer: 7", "Answer: $7.00"])
        assert (text, output) == ("7", "So 7.\nAnswer: 7")
        assert votes == [("8", 1), ("7", 2), ("7", 2)]

    async def test_answers_are_normalised_as_the_scoring_does(self) -> None:
        answers = ["Answer: Nile", "Answer: the Amazon", "Answer: Amazon."]
        text, _, votes = await voted(answers, "squad")
        assert text == "the Amazon"
        assert votes == [("nile", 1), ("amazon", 2), ("amazon", 2)]

    async def test_of_equals_the_first_wins(self) -> None:
        assert (await voted(["Answer: 1", "Answer: 2", "Answer: 2", "Answer: 1"]))[0] == "1"

    async def test_no_answer_is_no_vote(self) -> None:
        text, _, votes = await voted(["I am not sure.", "I am not sure.", "Answer: 5"])
        assert text == "5"
        assert votes == [(None, 0), (None, 0), ("5", 1)]

    async def test_none_has_an_answer(self) -> None:
        text, output, votes = await voted(["Hmm.", ""])
        assert (text, output, votes) == (None, "Hmm.", [(None, 0), (None, 0)])

    async def test_a_sample_that_fails_fails_the_run(self) -> None:
        failure = EngineError(FailureKind.TIMEOUT, "no answer in 5 s")
        with pytest.raises(EngineError) as caught:
            await method(3)(example(), context(ScriptedEngine(["Answer: 1", failure, "Answer: 1"])))
        assert caught.value is failure


class TestCacheKeys:
    async def test_no_sample_has_the_key_of_another_or_of_a_repeat(self) -> None:
        keys: list[str] = []
        for repeat in range(MAX_REPEATS):
            engine = ScriptedEngine("Answer: 1")
            await method(20)(example(), context(engine, repeat))
            keys += [cache_key(request, "f") for request in engine.calls]
        assert len(set(keys)) == len(keys) == 20 * MAX_REPEATS

    async def test_fewer_samples_are_the_first_of_more(self) -> None:
        asked = []
        for samples in (1, 3, 5):
            engine = ScriptedEngine("Answer: 1")
            await method(samples)(example(), context(engine))
            asked.append(engine.calls)
        assert asked[0] == asked[2][:1]
        assert asked[1] == asked[2][:3]


class TestExemplarsFile:
    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(ExemplarsError, match=r"none\.json cannot be read"):
            load_exemplars("facts", 1, tmp_path / "none.json")

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"facts": [{"question": "?"}]}', '{"facts": [1]}'])
    def test_broken(self, tmp_path: Path, content: str) -> None:
        path = tmp_path / "broken.json"
        path.write_text(content)
        with pytest.raises(ExemplarsError, match=r"broken\.json cannot be read"):
            load_exemplars("facts", 1, path)

    def test_too_few(self, tmp_path: Path) -> None:
        path = tmp_path / "few.json"
        path.write_text(json.dumps({"facts": [{"question": "?", "reasoning": "r", "answer": "a"}]}))
        assert load_exemplars("facts", 1, path) == (Exemplar("?", "r", "a"),)
        with pytest.raises(ExemplarsError, match="has 1 worked examples of the kind facts, not 2"):
            load_exemplars("facts", 2, path)

    def test_not_needed_without_shots(self, tmp_path: Path) -> None:
        assert load_exemplars("facts", 0, tmp_path / "none.json") == ()
