"""The response cache: what makes two calls the same, and what is never the same."""

import asyncio
from dataclasses import replace
from typing import Any

import orjson
import pytest

from app.domain.generation import (
    Constraint,
    GenerationParams,
    GenerationRequest,
    GenerationResult,
    Message,
    ToolCall,
    ToolSpec,
)
from app.domain.generation_json import decode_result, encode_result
from app.domain.hashing import content_hash
from app.domain.status import FailureKind
from app.services.inference.base import EngineError
from app.services.inference.cache import CachingEngine, cache_key
from tests.engines import ScriptedEngine, answered
from tests.services.inference.steps import failure_of, request

PARAMS = GenerationParams(temperature=0.5, max_tokens=8, top_p=0.9, stop=("\n",))
CALL = GenerationRequest((Message("user", "Who?"),), "openai/m", PARAMS, seed=3, repeat=1)


GRAMMAR = Constraint("grammar", 'root ::= "a"')
TOOL = ToolSpec("retrieval", "Searches.", '{"type":"object"}')
USE = ToolCall("a", "retrieval", '{"query": "K2"}')


class Store:
    """Keeps answers in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, GenerationResult] = {}
        self.models: list[str] = []
        self.reads = 0

    async def get(self, key: str) -> GenerationResult | None:
        self.reads += 1
        return self.kept.get(key)

    def put(self, key: str, model: str, result: GenerationResult) -> None:
        self.kept[key] = result
        self.models.append(model)


async def echo(call: GenerationRequest) -> GenerationResult:
    return replace(answered(f"answer {call.seed}/{call.repeat}"), attempts=2, queue_s=1.5)


class TestKey:
    @pytest.mark.parametrize(
        "other",
        [
            replace(CALL, messages=(Message("user", "Who? "),)),
            replace(CALL, messages=(Message("system", "Who?"),)),
            replace(CALL, messages=(Message("user", "Who?"), Message("user", ""))),
            replace(CALL, messages=(Message("user", "Wh"), Message("user", "o?"))),
            replace(CALL, model="openai/n"),
            replace(CALL, params=replace(PARAMS, temperature=0.6)),
            replace(CALL, params=replace(PARAMS, max_tokens=9)),
            replace(CALL, params=replace(PARAMS, top_p=None)),
            replace(CALL, params=replace(PARAMS, stop=())),
            replace(CALL, params=replace(PARAMS, stop=("\n", "\n"))),
            replace(CALL, seed=4),
            replace(CALL, repeat=2),
            replace(CALL, seed=1, repeat=3),
        ],
    )
    def test_each_ingredient_counts(self, other: GenerationRequest) -> None:
        assert cache_key(other, "fingerprint") != cache_key(CALL, "fingerprint")

    def test_fingerprint_counts(self) -> None:
        assert cache_key(CALL, "another") != cache_key(CALL, "fingerprint")

    def test_nothing_else_does(self) -> None:
        same = GenerationRequest(
            messages=(Message(role="user", content="Who?"),),
            model="openai/m",
            params=GenerationParams(stop=("\n",), top_p=0.9, max_tokens=8, temperature=0.5),
            seed=3,
            repeat=1,
        )
        assert cache_key(same, "fingerprint") == cache_key(CALL, "fingerprint")

    def test_stays_the_same_between_versions(self) -> None:
        # Another value here means that no answer stored so far will be found again.
        assert cache_key(CALL, "fingerprint") == (
            "6ff5b76bcfd6f3b2ee810f72960c4bca2bfdf705f8adf438096522cfe47e7fbb"
        )

    @pytest.mark.parametrize(
        "other",
        [
            replace(CALL, constraint=GRAMMAR),
            replace(CALL, constraint=replace(GRAMMAR, text='root ::= "b"')),
            replace(CALL, constraint=replace(GRAMMAR, kind="json_schema")),
            replace(CALL, tools=(TOOL,)),
            replace(CALL, tools=(TOOL, TOOL)),
            replace(CALL, tools=(replace(TOOL, description="Looks."),)),
            replace(CALL, tools=(TOOL,), constraint=GRAMMAR),
            replace(CALL, messages=(Message("user", "Who?", tool_calls=(USE,)),)),
            replace(CALL, messages=(Message("user", "Who?", tool_calls=(replace(USE, id="b"),)),)),
            replace(CALL, messages=(Message("user", "Who?", tool_call_id="a"),)),
        ],
    )
    def test_constraint_and_tools_count(self, other: GenerationRequest) -> None:
        key = cache_key(other, "fingerprint")
        assert key == cache_key(replace(other), "fingerprint")
        assert key not in {cache_key(CALL, "fingerprint"), cache_key(replace(other, seed=4), "fingerprint")}

    def test_without_them_is_that_of_before_there_were_any(self) -> None:
        before = {
            "model": CALL.model,
            "fingerprint": "fingerprint",
            "messages": [{"role": "user", "content": "Who?"}],
            "params": {"temperature": 0.5, "max_tokens": 8, "top_p": 0.9, "stop": ["\n"]},
            "seed": 3,
            "repeat": 1,
        }
        assert cache_key(CALL, "fingerprint") == content_hash(before)

    def test_a_scope_counts_where_there_is_one(self) -> None:
        keys = {cache_key(CALL, "fingerprint", scope) for scope in (None, "cold 1", "cold 2")}
        assert len(keys) == 3
        assert cache_key(CALL, "fingerprint") in keys

    @pytest.mark.parametrize("text", ["", "\0", "\ud800", "浮士德 🎭"])
    def test_any_text_has_one(self, text: str) -> None:
        assert len(cache_key(request(text), "")) == 64


class TestRow:
    """An answer as the database keeps it."""

    RESULT = replace(answered(), tool_calls=(USE, replace(USE, id="b")))

    def stored(self) -> dict[str, Any]:
        value: dict[str, Any] = orjson.loads(encode_result(self.RESULT))
        return value

    def test_keeps_the_uses_of_tools(self) -> None:
        assert decode_result(self.stored()) == self.RESULT

    def test_of_before_there_were_tools(self) -> None:
        value = self.stored()
        del value["tool_calls"]
        assert decode_result(value) == replace(self.RESULT, tool_calls=())

    async def test_is_given_again_with_them(self) -> None:
        store = Store()
        for _ in range(2):
            result = await CachingEngine(ScriptedEngine([self.RESULT]), store, "f").generate(CALL)
            assert result.tool_calls == self.RESULT.tool_calls
        assert result.cached


class TestCachingEngine:
    async def test_asked_once(self) -> None:
        inner, store = ScriptedEngine(echo), Store()
        engine = CachingEngine(inner, store, "f")
        first, second = await engine.generate(CALL), await engine.generate(CALL)
        assert (first.cached, second.cached) == (False, True)
        assert first.text == second.text
        assert len(inner.calls) == 1

    async def test_a_cached_answer_made_no_calls_and_kept_its_latency(self) -> None:
        engine = CachingEngine(ScriptedEngine(echo), Store(), "f")
        first, second = await engine.generate(CALL), await engine.generate(CALL)
        assert (first.attempts, first.queue_s) == (2, 1.5)
        assert (second.attempts, second.queue_s) == (0, 0.0)
        assert second.latency_s == first.latency_s == 0.25
        assert second.usage == first.usage

    async def test_repeats_are_never_collapsed(self) -> None:
        inner = ScriptedEngine(echo)
        engine = CachingEngine(inner, Store(), "f")
        for _ in range(2):
            texts = [(await engine.generate(replace(CALL, repeat=i))).text for i in range(5)]
            assert texts == [f"answer 3/{i}" for i in range(5)]
        assert len(inner.calls) == 5

    async def test_repeats_are_asked_with_different_seeds(self) -> None:
        engine = CachingEngine(ScriptedEngine(echo), Store(), "f")
        assert not (await engine.generate(replace(CALL, seed=3, repeat=2))).cached
        assert not (await engine.generate(replace(CALL, seed=4, repeat=1))).cached

    async def test_another_model_s_answers_are_not_used(self) -> None:
        store = Store()
        await CachingEngine(ScriptedEngine(echo), store, "f").generate(CALL)
        assert not (await CachingEngine(ScriptedEngine(echo), store, "g").generate(CALL)).cached

    async def test_without_reading_it_asks_anew_and_stores(self) -> None:
        inner, store = ScriptedEngine(echo), Store()
        engine = CachingEngine(inner, store, "f", read=False)
        results = [await engine.generate(CALL) for _ in range(2)]
        assert [each.cached for each in results] == [False, False]
        assert (len(inner.calls), store.reads) == (2, 0)
        assert (await CachingEngine(inner, store, "f").generate(CALL)).cached

    async def test_answers_of_another_scope_are_not_used(self) -> None:
        inner, store = ScriptedEngine(echo), Store()
        results = [
            await CachingEngine(inner, store, "f", scope=scope).generate(CALL)
            for scope in (None, "a", "b", "a", None)
        ]
        assert [each.cached for each in results] == [False, False, False, True, True]

    async def test_of_two_equal_requests_in_flight_both_are_sent(self) -> None:
        async def later(call: GenerationRequest) -> GenerationResult:
            await asyncio.sleep(0)
            return await echo(call)

        inner = ScriptedEngine(later)
        engine = CachingEngine(inner, Store(), "f")
        results = await asyncio.gather(engine.generate(CALL), engine.generate(CALL))
        assert [each.cached for each in results] == [False, False]
        assert len(inner.calls) == 2

    @pytest.mark.parametrize(
        "stored",
        [
            GenerationResult("I cannot", finish_reason="content_filter"),
            GenerationResult("", finish_reason="length"),
            GenerationResult("Par", finish_reason="error"),
        ],
    )
    async def test_what_is_no_answer_is_not_replayed(self, stored: GenerationResult) -> None:
        inner, store = ScriptedEngine(echo), Store()
        store.kept[cache_key(CALL, "f")] = stored
        assert not (await CachingEngine(inner, store, "f").generate(CALL)).cached

    async def test_the_tier_is_said(self) -> None:
        store = Store()
        first = await CachingEngine(ScriptedEngine(echo), store, "f").generate(CALL)
        second = await CachingEngine(ScriptedEngine(echo), store, "f").generate(CALL)
        assert (first.cache_tier, second.cache_tier) == (None, "database")

    async def test_the_store_learns_the_model(self) -> None:
        store = Store()
        await CachingEngine(ScriptedEngine(echo), store, "f").generate(CALL)
        assert store.models == ["openai/m"]

    async def test_failures_are_not_kept(self) -> None:
        store = Store()
        error = EngineError(FailureKind.SERVER, "down")
        engine = CachingEngine(ScriptedEngine([error, answered("up")]), store, "f")
        assert (await failure_of(engine, CALL)) is error
        assert store.kept == {}
        assert (await engine.generate(CALL)).text == "up"

    async def test_an_empty_answer_is_kept_too(self) -> None:
        inner = ScriptedEngine([answered("")])
        engine = CachingEngine(inner, Store(), "f")
        await engine.generate(CALL)
        assert (await engine.generate(CALL)).cached

    async def test_closes_what_is_within(self) -> None:
        inner = ScriptedEngine(echo)
        await CachingEngine(inner, Store(), "f").aclose()
        assert inner.closed == 1
