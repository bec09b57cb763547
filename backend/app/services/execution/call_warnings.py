"""What of a run's calls makes its answer less reliable, though the calls succeeded."""

from collections.abc import Sequence

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.prediction import Call
from app.domain.run import LEFT_OUT, RunWarning

_LEAST_PROMPT = 512  # tokens; no server has a smaller context window
_FEW_CHARACTERS = 5  # a token of prose has fewer, on average
_SMALLEST_WINDOW, _LARGEST_WINDOW = 1024, 2**20


def warnings_of(calls: Sequence[Call]) -> list[RunWarning] | None:
    """Return the warnings of a run, each kind once; ``None`` if there are none."""
    found: dict[str, RunWarning] = {}
    for call in calls:
        warning = _warning_of(call.request, call.result)
        if warning is not None:
            found.setdefault(warning["kind"], warning)
        for name in call.result.left_out:
            kind = f"{LEFT_OUT}{name}"
            found.setdefault(kind, {"kind": kind, "message": f"The model refuses {name}: it was left out."})
    return list(found.values()) or None


def _warning_of(request: GenerationRequest, result: GenerationResult) -> RunWarning | None:
    usage, most = result.usage, request.params.max_tokens
    if result.cut_off_thinking:
        return {
            "kind": "cut_off_thinking",
            "message": f"The model was still thinking when it had used up max_tokens ({most:,}).",
        }
    prompt, completion = usage.prompt_tokens, usage.completion_tokens
    if prompt is None or prompt < _LEAST_PROMPT:
        return None
    if result.cut_off and completion is not None and _is_window(prompt + completion):
        return {
            "kind": "window_full",
            "message": f"Prompt and answer took {prompt + completion:,} tokens together, which looks like "
            "all of the server's context window: it may have cut the prompt.",
        }
    # Words are counted only where there are many characters to a token.
    if sum(len(message.content) for message in request.messages) > _FEW_CHARACTERS * prompt:
        words = sum(len(message.content.split()) for message in request.messages)
        if words > prompt:  # each word is a token at least
            return {
                "kind": "prompt_cut",
                "message": f"The server counted {prompt:,} tokens of a prompt of {words:,} words: it has cut "
                "the prompt, most likely to a context window that is smaller than the model's.",
            }
    return None


def _is_window(tokens: int) -> bool:
    """Return whether a number of tokens is a power of two, as context windows are."""
    return _SMALLEST_WINDOW <= tokens <= _LARGEST_WINDOW and tokens & (tokens - 1) == 0
