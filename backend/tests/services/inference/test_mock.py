"""The scripted engine: each script, its faults, and that everything depends on prompt and seed alone."""

import asyncio
from typing import Any

import pytest

from app.domain.generation import GenerationResult, Message, Usage
from app.domain.status import FailureKind
from app.services.inference.base import EngineError
from app.services.inference.catalog import CatalogError
from app.services.inference.engines.mock import MockEngine
from tests.fixtures.fake_llm_behaviour import hash_answer
from tests.services.inference.steps import failure_of, request, requests

GOLD = {"What is item 1?": "thing 1", "What is item 2?": "thing 2"}
ALL_GOLD = {f"What is item {i}?": f"thing {i}" for i in range(200)}
SCRIPT = "gold?accuracy=0.5&fail_rate=0.2"


async def texts(engine: MockEngine, **fields: Any) -> list[str | None]:
    outcomes = await engine.generate_batch(requests(200, **fields))
    return [each.text if isinstance(each, GenerationResult) else None for each in outcomes]


class TestScripts:
    @pytest.mark.parametrize(
        ("script", "answer"),
        [
            ("echo", "Question: What?\nAnswer:"),
            ("hash", hash_answer("Question: What?\nAnswer:")),
            ("fixed", "mock answer"),
            ("fixed?text=Paris", "Paris"),
            ("fixed?text=two%20words", "two words"),
            ("fixed?text=", ""),
        ],
    )
    async def test_answer(self, script: str, answer: str) -> None:
        result = await MockEngine(script).generate(request("Question: What?\nAnswer:"))
        assert result.text == answer
        assert (result.finish_reason, result.model, result.attempts) == ("stop", "mock", 1)

    async def test_system_message_is_part_of_the_prompt(self) -> None:
        turns = (Message("system", "Be brief."), Message("user", "Hello?"))
        assert (await MockEngine("echo").generate(request(messages=turns))).text == "Be brief.\n\nHello?"

    async def test_gold_knows_the_answers(self) -> None:
        results = await MockEngine("gold", GOLD).generate_batch(requests(3))
        found = [each.text for each in results if isinstance(each, GenerationResult)]
        assert found == [hash_answer("Question: What is item 0?\nAnswer:"), "thing 1", "thing 2"]

    async def test_gold_is_right_about_as_often_as_asked(self) -> None:
        found = await texts(MockEngine("gold?accuracy=0.7", ALL_GOLD))
        right = sum(text == f"thing {i}" for i, text in enumerate(found))
        assert 110 <= right <= 170

    @pytest.mark.parametrize(("script", "right"), [("gold?accuracy=0", 0), ("gold?accuracy=1", 200)])
    async def test_gold_at_the_ends(self, script: str, right: int) -> None:
        found = await texts(MockEngine(script, ALL_GOLD))
        assert sum(text == f"thing {i}" for i, text in enumerate(found)) == right


class TestTurns:
    TURNS = "turns?turn=one&turn=two%20words&turn="

    @pytest.mark.parametrize(
        ("had", "said"), [(0, "one"), (1, "two words"), (2, ""), (3, "one"), (4, "two words")]
    )
    async def test_by_the_answers_that_the_prompt_holds(self, had: int, said: str) -> None:
        turns = (Message("system", "Think."), *[Message("user", "a"), Message("assistant", "b")] * had)
        call = request(messages=(*turns, Message("user", "c")))
        engine = MockEngine(self.TURNS)
        assert [(await engine.generate(call)).text for _ in range(2)] == [said, said]

    @pytest.mark.parametrize(("script", "said"), [("turns", "mock answer"), ("turns?text=yes", "yes")])
    async def test_without_any_says_the_text(self, script: str, said: str) -> None:
        assert (await MockEngine(script).generate(request())).text == said

    async def test_fail_like_any_other(self) -> None:
        engine = MockEngine(f"{self.TURNS}&fail_rate=1&fail_kind=timeout")
        assert (await failure_of(engine)).kind is FailureKind.TIMEOUT


class TestUsage:
    async def test_words(self) -> None:
        result = await MockEngine("fixed?text=two words").generate(request("one two three"))
        assert result.usage == Usage(3, 2)

    async def test_none_reported(self) -> None:
        assert (await MockEngine("echo?usage=0").generate(request())).usage == Usage()


class TestLatency:
    async def test_fixed(self) -> None:
        result = await MockEngine("echo?latency_ms=30").generate(request())
        assert (result.latency_s or 0) >= 0.029

    async def test_jitter_is_by_prompt(self, monkeypatch: pytest.MonkeyPatch) -> None:
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        monkeypatch.setattr(asyncio, "sleep", sleep)
        for _ in range(2):
            engine = MockEngine("echo?latency_ms=10&jitter_ms=40")
            for call in requests(50):
                await engine.generate(call)
        first, again = slept[:50], slept[50:]
        assert first == again
        assert len(set(first)) == 50
        assert all(0.01 <= seconds <= 0.05 for seconds in first)


class TestFailures:
    async def test_share_and_kind(self) -> None:
        outcomes = await MockEngine("echo?fail_rate=0.2&fail_kind=timeout").generate_batch(requests(500))
        failed = [each for each in outcomes if isinstance(each, EngineError)]
        assert 70 <= len(failed) <= 130
        assert {error.kind for error in failed} == {FailureKind.TIMEOUT}

    @pytest.mark.parametrize("kind", list(FailureKind))
    async def test_every_kind(self, kind: FailureKind) -> None:
        engine = MockEngine(f"echo?fail_rate=1&fail_kind={kind}")
        assert (await failure_of(engine)).kind is kind

    async def test_server_error_unless_said_otherwise(self) -> None:
        assert (await failure_of(MockEngine("echo?fail_rate=1"))).kind is FailureKind.SERVER

    @pytest.mark.parametrize("tries", [1, 3])
    async def test_tries_that_fail(self, tries: int) -> None:
        engine = MockEngine(f"echo?fail_rate=1&fail_tries={tries}")
        for _ in range(tries):
            await failure_of(engine)
        assert (await engine.generate(request())).text

    async def test_always(self) -> None:
        engine = MockEngine("echo?fail_rate=1&fail_tries=0")
        for _ in range(6):
            await failure_of(engine)


class TestDeterminism:
    async def test_same_seed_same_outcomes(self) -> None:
        first = await texts(MockEngine(SCRIPT, ALL_GOLD), seed=3)
        again = await texts(MockEngine(SCRIPT, ALL_GOLD), seed=3)
        assert first == again
        assert None in first

    @pytest.mark.parametrize("fields", [{"seed": 4}, {"seed": 3, "repeat": 1}])
    async def test_seed_and_repeat_matter(self, fields: dict[str, int]) -> None:
        first = await texts(MockEngine(SCRIPT, ALL_GOLD), seed=3)
        assert await texts(MockEngine(SCRIPT, ALL_GOLD), **fields) != first

    async def test_order_does_not_matter(self) -> None:
        calls = requests(100, seed=3)
        forward = await MockEngine(SCRIPT, ALL_GOLD).generate_batch(calls)
        backward = await MockEngine(SCRIPT, ALL_GOLD).generate_batch(calls[::-1])
        assert [str(getattr(each, "text", each)) for each in forward] == [
            str(getattr(each, "text", each)) for each in backward[::-1]
        ]


class TestBadScripts:
    @pytest.mark.parametrize(
        "script",
        [
            "",
            "parrot",
            "ECHO",
            "echo?speed=1",
            "echo?latency_ms=fast",
            "echo?fail_kind=sadness",
            "echo?fail_rate=",
            "echo?latency_ms=nan",
            "echo?latency_ms=inf",
            "echo?latency_ms=-1",
            "echo?fail_rate=2",
            "gold?accuracy=-0.5",
        ],
    )
    def test_are_refused_by_name(self, script: str) -> None:
        with pytest.raises(CatalogError) as caught:
            MockEngine(script)
        assert repr(script) in caught.value.message

    def test_the_hint_lists_what_there_is(self) -> None:
        with pytest.raises(CatalogError) as caught:
            MockEngine("parrot")
        assert "echo, hash, fixed, gold" in caught.value.hint
        assert "latency_ms" in caught.value.hint
