"""Large answers are worked on beside the event loop, and read in bounded time, whatever is in them."""

import threading
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from app.services.evaluation.numbers import find_numbers
from app.services.inference.engines.openai_compatible import OpenAICompatibleEngine
from app.services.inference.failures import MAX_OUTPUT, clean
from tests.fixtures.fake_llm import FakeLLM
from tests.fixtures.fake_llm_behaviour import Reply
from tests.services.inference.conftest import OpenEngine
from tests.services.inference.steps import mask, request

LOOP = threading.main_thread()


def answer(text: str) -> bytes:
    return orjson.dumps(
        {
            "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {},
        }
    )


def noting_threads(function: Callable[..., Any], threads: list[threading.Thread]) -> Callable[..., Any]:
    def noting(*args: Any, **kwargs: Any) -> Any:
        threads.append(threading.current_thread())
        return function(*args, **kwargs)

    return noting


@pytest.mark.parametrize(("size", "on_loop"), [(1_000, True), (2_000_000, False)])
async def test_where_an_answer_is_parsed(
    fake: FakeLLM, open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch, size: int, on_loop: bool
) -> None:
    threads: list[threading.Thread] = []
    parse = noting_threads(OpenAICompatibleEngine._parse, threads)
    monkeypatch.setattr(OpenAICompatibleEngine, "_parse", parse)
    fake.script.append(Reply(body=answer("a " * (size // 2))))
    assert (await open_engine().generate(request())).text.startswith("a a a ")
    assert [thread is LOOP for thread in threads] == [on_loop]


def test_a_very_long_output_is_kept_without_its_middle() -> None:
    text = "begin " + "a " * 5_000_000 + "end"
    kept = clean(text, limit=None)
    assert len(kept) < MAX_OUTPUT + 100
    assert kept.startswith("begin a a ")
    assert kept.endswith(" a a end")
    assert f"[… {10 - MAX_OUTPUT // 10**6},00" in kept
    assert clean(text[:MAX_OUTPUT], limit=None) == text[:MAX_OUTPUT]


def test_no_part_of_a_secret_is_left_at_the_cut() -> None:
    mask("sk-planted-secret")
    for before in range(20):
        kept = clean("x" * before + "sk-planted-secret" * (MAX_OUTPUT // 10), limit=None)
        assert "[redacted]" in kept
        assert not any(part in kept for part in ("sk-", "plan", "anted", "secret"))


@pytest.mark.parametrize("unit", ["1 ", "1 200 ", "= 1 ", "1/2 "])
def test_a_long_list_of_numbers_is_read_without_looking_back(
    unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = 0

    class Counted(str):
        __slots__ = ()

        def __getitem__(self, key: Any) -> str:
            nonlocal looked
            found = super().__getitem__(key)
            looked += len(found)
            return found

    text = Counted(unit * 2_000)
    assert len(find_numbers(text)) >= 2_000
    assert looked < 20 * len(text)
