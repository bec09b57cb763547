"""Several prompts in one call of a completions API, and what is done where that does not work."""

import orjson
import pytest

from app.domain.generation import GenerationParams, GenerationResult, Usage
from app.domain.status import FailureKind
from app.services.inference.answers import read_list
from app.services.inference.base import EngineError
from app.services.inference.limiter.adaptive import AdaptiveLimiter
from app.services.inference.limiter.base import Slot
from app.services.inference.retry import RetryingEngine
from tests.fixtures.fake_llm import FakeLLM
from tests.fixtures.fake_llm_behaviour import Reply, hash_answer
from tests.services.inference.conftest import OpenEngine
from tests.services.inference.steps import parted, prompt_of, requests

CALLS = requests(10)
ANSWERS = [hash_answer(prompt_of(call)) for call in CALLS]


def texts(outcomes: list[GenerationResult | EngineError]) -> list[str | FailureKind]:
    return [one.text if isinstance(one, GenerationResult) else one.kind for one in outcomes]


class Slots(AdaptiveLimiter):
    """Counts the calls that were accepted."""

    taken = 0

    def release(self, slot: Slot, *, accepted: bool = False) -> None:
        self.taken += accepted
        super().release(slot, accepted=accepted)


class TestAsked:
    async def test_in_one_call(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        outcomes = await open_engine(api="completion").generate_batch(CALLS)
        assert texts(outcomes) == ANSWERS
        assert fake.stats.requests == 1
        assert fake.stats.last_body["prompt"] == [prompt_of(call) for call in CALLS]

    async def test_tokens_are_those_of_the_group(self, open_engine: OpenEngine) -> None:
        results, _ = parted(await open_engine(api="completion").generate_batch(CALLS))
        assert {one.usage for one in results} == {Usage()}
        (group,) = {one.group for one in results}
        assert group is not None
        assert (group.size, group.usage) == (
            10,
            Usage(sum(len(prompt_of(call)) // 4 + 1 for call in CALLS), 10 * 3),
        )

    @pytest.mark.parametrize("provider", [{"api": "chat"}, {"api": "completion", "prompt_lists": False}])
    async def test_not_where_the_endpoint_takes_none(
        self, fake: FakeLLM, open_engine: OpenEngine, provider: dict[str, object]
    ) -> None:
        results, _ = parted(await open_engine(**provider).generate_batch(CALLS))
        assert fake.stats.requests == 10
        assert all(one.group is None and one.usage.prompt_tokens for one in results)

    async def test_requests_that_differ_in_more_than_the_prompt(
        self, fake: FakeLLM, open_engine: OpenEngine
    ) -> None:
        other = requests(3, params=GenerationParams(max_tokens=5)) + requests(2, repeat=1)
        outcomes = await open_engine(api="completion").generate_batch([*CALLS, *other])
        assert texts(outcomes) == ANSWERS + ANSWERS[:3] + ANSWERS[:2]
        assert fake.stats.requests == 3

    async def test_a_single_one_is_asked_as_ever(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        (result,) = await open_engine(api="completion").generate_batch(CALLS[:1])
        assert isinstance(result, GenerationResult)
        assert fake.stats.last_body["prompt"] == prompt_of(CALLS[0])
        assert result.usage.prompt_tokens


class TestRefused:
    async def test_one_bad_prompt_harms_no_other(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.set(refuses="item 3?")
        outcomes = await open_engine(api="completion").generate_batch(CALLS)
        assert texts(outcomes) == [*ANSWERS[:3], FailureKind.BAD_REQUEST, *ANSWERS[4:]]
        assert fake.stats.requests == 11

    @pytest.mark.parametrize("lists", ["refuses", "first"])
    async def test_an_endpoint_without_lists_is_asked_one_prompt_a_call_from_then_on(
        self, fake: FakeLLM, open_engine: OpenEngine, lists: str
    ) -> None:
        fake.set(lists=lists)
        engine = open_engine(api="completion")
        for _ in range(5):
            assert texts(await engine.generate_batch(CALLS)) == ANSWERS
        assert fake.stats.requests == 5 * 10 + 3


class TestRetried:
    async def test_a_list_takes_one_slot(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        limiter = Slots(4)
        engine = RetryingEngine(open_engine(api="completion"), limiter, 4, 60)
        assert texts(await engine.generate_batch(CALLS)) == ANSWERS
        assert limiter.taken == 1

    async def test_a_list_is_sent_again_as_a_whole(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.set(err429_rate=1, fault_tries=1, retry_after="0.01")
        engine = RetryingEngine(open_engine(api="completion"), AdaptiveLimiter(4), 4, 60)
        results, errors = parted(await engine.generate_batch(CALLS))
        assert (len(errors), {one.attempts for one in results}) == (0, {2})
        assert fake.stats.requests == 2

    async def test_what_is_missing_in_a_list_is_asked_alone(
        self, fake: FakeLLM, open_engine: OpenEngine
    ) -> None:
        choices = [{"index": index, "text": "yes"} for index in (0, 2)]
        fake.script.append(Reply(body=orjson.dumps({"choices": choices})))
        engine = RetryingEngine(open_engine(api="completion"), AdaptiveLimiter(4), 4, 60)
        outcomes = await engine.generate_batch(CALLS[:3])
        assert texts(outcomes) == ["yes", ANSWERS[1], "yes"]
        assert fake.stats.requests == 2


class TestRead:
    def test_llama_cpp_counts_the_first_prompt_alone(self) -> None:
        answer = {
            "choices": [{"index": 0, "text": " Paris."}, {"index": 1, "text": " Rome."}],
            "usage": {"completion_tokens": 4, "prompt_tokens": 5, "total_tokens": 9},
            "timings": {"cache_n": 0, "prompt_n": 5},
        }
        results, _ = parted(read_list(orjson.dumps(answer), {}, 2))
        assert {one.group.usage for one in results if one.group} == {Usage()}

    def test_a_blocked_answer_is_that_of_its_prompt(self) -> None:
        choices = [{"index": 1, "finish_reason": "content_filter"}, {"index": 0, "text": "fine"}]
        outcomes = read_list(orjson.dumps({"choices": choices}), {}, 2)
        assert texts(outcomes) == ["fine", FailureKind.REFUSED]

    @pytest.mark.parametrize("choices", [[], [{"text": "without an index"}, {"index": 0}], "text"])
    def test_what_is_no_list_of_answers(self, choices: object) -> None:
        with pytest.raises(EngineError) as caught:
            read_list(orjson.dumps({"choices": choices}), {}, 2)
        assert caught.value.kind is FailureKind.MALFORMED
