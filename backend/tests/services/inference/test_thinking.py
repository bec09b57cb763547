"""Thinking is told apart from the answer, in whatever way a server sends it."""

from typing import Any, ClassVar

import orjson
import pytest

from app.domain.generation import Usage
from app.domain.status import FailureKind
from app.services.inference.answers import read_answer
from app.services.inference.base import EngineError
from app.services.inference.thinking import split_thinking
from app.services.inference.usage import read_usage

THOUGHT = "Lyon? No."
HARMONY = f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>Paris"


def body(message: dict[str, Any], finish_reason: str = "stop", **fields: Any) -> bytes:
    choice = {"message": {"role": "assistant", **message}, "finish_reason": finish_reason}
    return orjson.dumps({"choices": [choice], **fields})


class TestMarks:
    @pytest.mark.parametrize(
        "text",
        [
            f"<think>{THOUGHT}</think>Paris",
            f"<think>\n{THOUGHT}\n</think>\n\nParis",
            f"\n<Think>{THOUGHT}</Think> Paris",
            f"{THOUGHT}\n</think>\nParis",
            f"<thinking>{THOUGHT}</thinking>\nParis",
            f"<thought>{THOUGHT}</thought>Paris",
            f"<reasoning>{THOUGHT}</reasoning>Paris",
            f"<reflection>{THOUGHT}</reflection>Paris",
            f"<seed:think>{THOUGHT}</seed:think>Paris",
            f"◁think▷{THOUGHT}◁/think▷Paris",
            f"[THINK]{THOUGHT}[/THINK]Paris",
            f"<|begin_of_thought|>{THOUGHT}<|end_of_thought|>\n<|begin_of_solution|>Paris<|end_of_solution|>",
            f"<|START_THINKING|>{THOUGHT}<|END_THINKING|><|START_RESPONSE|>Paris<|END_RESPONSE|>",
            f"<|inner_prefix|>{THOUGHT}<|inner_suffix|>Paris",
            HARMONY,
            HARMONY + "<|return|>",
            "<|start|>assistant" + HARMONY,
            f"analysis{THOUGHT}assistantfinalParis",
        ],
    )
    def test_are_read(self, text: str) -> None:
        thinking, answer = split_thinking(text)
        assert (thinking, answer.strip()) == (THOUGHT, "Paris")

    @pytest.mark.parametrize(
        "text",
        [
            f"<think>{THOUGHT}",
            f"[THINK]{THOUGHT}",
            f"◁think▷{THOUGHT}",
            f"<|channel|>analysis<|message|>{THOUGHT}",
            f"<|channel|>analysis<|message|>{THOUGHT}<|end|>",
        ],
    )
    def test_of_a_text_that_ends_within_its_thinking(self, text: str) -> None:
        assert split_thinking(text) == (THOUGHT, "")

    def test_several_blocks(self) -> None:
        assert split_thinking("<think>a</think>\n<think>b</think>Paris") == ("a\n\nb", "Paris")

    def test_a_tool_call_after_thinking_is_kept(self) -> None:
        call = '<|channel|>commentary to=functions.retrieval<|message|>{"query":"K2"}'
        text = f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant{call}"
        assert split_thinking(text) == (THOUGHT, f"<|start|>assistant{call}")

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "Paris",
            "The tag <think> opens it.",
            "a < b",
            "analysis of it",
            "[1] Paris",
            "  Paris ",
            "<b>Paris</b>",
        ],
    )
    def test_what_holds_none_stays_as_it_is(self, text: str) -> None:
        assert split_thinking(text) == ("", text)

    @pytest.mark.parametrize("text", ["<think>" * 50_000, "<think></think>" * 20_000, "İ" * 9 + "</think>x"])
    def test_no_text_takes_long(self, text: str) -> None:
        split_thinking(text)


class TestFields:
    @pytest.mark.parametrize(
        "message",
        [
            {"content": "391", "reasoning_content": THOUGHT},
            {"content": "391", "reasoning": THOUGHT},
            {"content": "391", "thinking": THOUGHT},
            {
                "content": "391",
                "reasoning": THOUGHT,
                "reasoning_details": [{"type": "reasoning.text", "text": "x"}],
            },
            {
                "content": "391",
                "reasoning": None,
                "reasoning_details": [{"type": "reasoning.text", "text": THOUGHT}],
            },
            {"content": "391", "reasoning_details": [{"type": "reasoning.summary", "summary": THOUGHT}]},
            {"content": f"<think>{THOUGHT}</think>391"},
            {"content": [{"type": "thinking", "thinking": THOUGHT}, {"type": "text", "text": "391"}]},
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]},
                    {"type": "text", "text": "391"},
                    {"type": "odd_new_kind"},
                ]
            },
        ],
    )
    def test_are_kept_apart(self, message: dict[str, Any]) -> None:
        result = read_answer(body(message), {}, "chat")
        assert (result.text, result.thinking, result.cut_off_thinking) == ("391", THOUGHT, False)

    @pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
    @pytest.mark.parametrize("content", [{"content": None}, {"content": ""}, {}])
    def test_all_tokens_went_into_it(self, key: str, content: dict[str, Any]) -> None:
        result = read_answer(body({key: THOUGHT, **content}, "length"), {}, "chat")
        assert (result.text, result.thinking, result.cut_off_thinking) == ("", THOUGHT, True)

    def test_all_tokens_went_into_it_unseen(self) -> None:
        usage = {"completion_tokens": 64, "completion_tokens_details": {"reasoning_tokens": 64}}
        result = read_answer(body({"content": None}, "length", usage=usage), {}, "chat")
        assert (result.thinking, result.cut_off_thinking) == ("", True)

    def test_it_is_safe_to_store(self) -> None:
        assert read_answer(body({"content": "a", "reasoning": "x\0y"}), {}, "chat").thinking == "x\ufffdy"

    @pytest.mark.parametrize(
        "value", [7, True, [7], ["a"], {"text": 7}, [{"type": "thinking", "thinking": 7}]]
    )
    def test_odd_values_are_none(self, value: Any) -> None:
        assert read_answer(body({"content": "yes", "reasoning": value}), {}, "chat").text == "yes"

    def test_nothing_at_all_is_malformed(self) -> None:
        with pytest.raises(EngineError) as caught:
            read_answer(body({}, "length"), {}, "chat")
        assert caught.value.kind is FailureKind.MALFORMED


class TestUsage:
    """Of each provider's form; by their documentation."""

    FORMS: ClassVar[list[tuple[Any, Usage]]] = [
        ({"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}, Usage(7, 2)),
        (
            {
                "prompt_tokens": 2006,
                "completion_tokens": 300,
                "total_tokens": 2306,
                "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 256, "audio_tokens": 0},
            },
            Usage(2006, 300, 256, 1920),
        ),
        (  # DeepSeek
            {
                "prompt_tokens": 100,
                "completion_tokens": 50,
                "total_tokens": 150,
                "prompt_cache_hit_tokens": 64,
                "prompt_cache_miss_tokens": 36,
                "completion_tokens_details": {"reasoning_tokens": 30},
            },
            Usage(100, 50, 30, 64),
        ),
        (  # thinking beside the completion (xAI), and in the total alone (Gemini)
            {
                "prompt_tokens": 32,
                "completion_tokens": 9,
                "total_tokens": 135,
                "completion_tokens_details": {"reasoning_tokens": 94},
            },
            Usage(32, 103, 94),
        ),
        ({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 115}, Usage(10, 105, 100)),
        (  # Anthropic's own, and what a proxy makes of it
            {
                "input_tokens": 4,
                "output_tokens": 9,
                "cache_read_input_tokens": 50,
                "cache_creation_input_tokens": 6,
            },
            Usage(60, 9, None, 50, 6),
        ),
        (
            {
                "prompt_tokens": 60,
                "completion_tokens": 9,
                "total_tokens": 69,
                "cache_read_input_tokens": 50,
                "cache_creation_input_tokens": 6,
            },
            Usage(60, 9, None, 50, 6),
        ),
        (
            {
                "prompt_tokens": 60,
                "completion_tokens": 9,
                "prompt_tokens_details": {"cache_write_tokens": 40},
            },
            Usage(60, 9, None, None, 40),
        ),
        ({"prompt_tokens": 9, "completion_tokens": 5, "reasoning_tokens": 3}, Usage(9, 5, 3)),
        ({"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": None}, Usage(9, 5)),
        ({"prompt_tokens": 9, "completion_tokens": 5, "completion_tokens_details": "none"}, Usage(9, 5)),
        ({"prompt_tokens": 9.0, "completion_tokens": 5, "total_tokens": "14"}, Usage(9, 5)),
    ]

    @pytest.mark.parametrize(("reported", "usage"), FORMS)
    def test_is_read(self, reported: Any, usage: Usage) -> None:
        assert read_usage(reported) == usage
