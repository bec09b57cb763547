"""Reading what a chat or completions API answers with the status 200: the answer, or what is in its place.

Servers that speak OpenAI's API differ in what they answer. Read are content as a list of parts, an answer
that was streamed though it was not asked to be, comments and line feeds before the JSON, other charsets, and
errors with the status 200.
"""

import codecs
import json
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

import orjson

from app.domain.generation import CallGroup, GenerationResult, ToolCall, Usage
from app.domain.status import FailureKind
from app.services.inference.base import EngineError
from app.services.inference.event_streams import BrokenStream, is_stream, join_events, without_comments
from app.services.inference.failures import clean, excerpt, failure_in_answer
from app.services.inference.thinking import split_thinking, thinking_in_parts, thinking_of_message
from app.services.inference.usage import read_usage

_TEXT_PARTS = frozenset({"text", "output_text"})
_SHOWN_CHARS = 200  # of an answer that cannot be read
_MAX_TOOL_CALLS = 16  # of one response that are kept; a model that makes more is in a loop
_CHARSETS = ("iso-8859-", "latin", "windows-125", "utf-16")  # beside UTF-8, of servers that declare them
_MESSAGES = ("message", "msg", "detail")  # of errors that stand in the place of an answer
_NO_ERRORS = frozenset({"", "0", "200", "ok", "success", "none"})


def read_answer(
    payload: bytes,
    headers: Mapping[str, str],
    api: Literal["chat", "completion"],
    *,
    charset: str | None = None,
    latency_s: float | None = 0.0,
) -> GenerationResult:
    """Return what a response with the status 200 answers.

    Args:
        payload: body of the response.
        headers: of the response.
        api: that was called.
        charset: that the response declares, if it does.
        latency_s: seconds until the response was there; ``None`` if nobody knows.

    Raises:
        EngineError: if there is an error in place of the answer, or the answer cannot be read.
    """
    try:
        answer = _loads(payload, charset)
        choices = answer.get("choices")
        if "error" in answer or not choices:
            _raise_error(answer, headers)
        choice = _first(choices)
        if choice.get("error"):
            raise failure_in_answer(choice["error"], headers)
        return _result(answer, choice, api, latency_s)
    except BrokenStream as error:
        raise EngineError(FailureKind.MALFORMED, f"broke off: {excerpt(payload, _SHOWN_CHARS)}") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _unreadable(payload, api, type(error).__name__) from error


def read_list(
    payload: bytes,
    headers: Mapping[str, str],
    size: int,
    *,
    charset: str | None = None,
    latency_s: float = 0.0,
) -> list[GenerationResult | EngineError]:
    """Return what a response with the status 200 answers to a list of prompts, one by one.

    Choices may come in any order. The server counts tokens of all together: they are given as those of the
    group, and not divided.

    Args:
        payload: body of the response of a completions API.
        headers: of the response.
        size: prompts of the list.
        charset: that the response declares, if it does.
        latency_s: seconds until the response was there.

    Raises:
        EngineError: if there is an error in place of all answers, or they are not those to a list.
    """
    try:
        answer = _loads(payload, charset)
        choices = answer.get("choices")
        if "error" in answer or not choices:
            _raise_error(answer, headers)
        by_index = {int(choice["index"]): choice for choice in choices}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _unreadable(payload, "completion", type(error).__name__) from error
    if len(choices) == 1:
        raise EngineError(FailureKind.MALFORMED, f"is a single one to a list of {size} prompts.", final=True)
    # llama.cpp reports the counts of the first prompt in the place of those of all.
    usage = Usage() if "timings" in answer else read_usage(answer.get("usage"))
    group = CallGroup(uuid.uuid4().hex, size, usage)
    return [_one_of_list(answer, by_index.get(index), headers, latency_s, group) for index in range(size)]


def _one_of_list(
    answer: Any, choice: Any, headers: Mapping[str, str], latency_s: float, group: CallGroup
) -> GenerationResult | EngineError:
    if choice is None:
        return EngineError(FailureKind.MALFORMED, "holds no answer to this one of its prompts.")
    try:
        if choice.get("error"):
            return failure_in_answer(choice["error"], headers)
        result = _result({**answer, "usage": None}, choice, "completion", latency_s)
    except EngineError as error:
        return error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        return _unreadable(orjson.dumps(choice), "completion", type(error).__name__)
    return replace(result, group=group)


def _raise_error(answer: dict[str, Any], headers: Mapping[str, str]) -> None:
    """Raise what stands in the place of an answer; return if nothing does."""
    error = answer.get("error")
    if _is_error(error):
        raise failure_in_answer(error, headers)
    choices = answer.get("choices")
    if choices:
        return
    if answer.get("object") == "error" or answer.get("type") == "error":
        raise failure_in_answer(answer, headers)
    if "choices" not in answer and any(isinstance(answer.get(name), str) for name in _MESSAGES):
        raise failure_in_answer(answer, headers)
    if "choices" in answer:
        empty = "null" if choices is None else "an empty list" if choices == [] else "no list"
        said = excerpt(orjson.dumps(answer), _SHOWN_CHARS)
        raise EngineError(FailureKind.MALFORMED, f"holds no answer (choices is {empty}): {said}")
    said = excerpt(orjson.dumps(answer), _SHOWN_CHARS)
    raise EngineError(FailureKind.MALFORMED, f"holds no answer (there are no choices in it): {said}")


def _is_error(error: object) -> bool:
    if isinstance(error, dict):
        return any(
            str(error.get(name) or "").casefold() not in _NO_ERRORS for name in ("message", "code", "type")
        )
    return isinstance(error, str | list) and bool(error)


def _first(choices: Any) -> Any:
    """Return the choice with the index 0, wherever it stands."""
    if len(choices) == 1:
        return choices[0]
    return next((one for one in choices if one.get("index") == 0), choices[0])


def _result(answer: Any, choice: Any, api: str, latency_s: float | None) -> GenerationResult:
    message = choice["message"] if api == "chat" else choice
    finish_reason = choice.get("finish_reason")
    refusal = message.get("refusal")
    if refusal or finish_reason == "content_filter":
        raise EngineError(
            FailureKind.REFUSED, f"Blocked by the provider: {clean(str(refusal or 'content filter'))}"
        )
    tool_calls = read_tool_calls(message.get("tool_calls"))
    thinking = thinking_of_message(message) if api == "chat" else ""
    usage = read_usage(answer.get("usage"), answer.get("timings"))
    key = "content" if api == "chat" else "text"
    # A response that only calls tools, or whose tokens went into thinking, may have no text.
    if key not in message and not (tool_calls or thinking or usage.reasoning_tokens):
        raise KeyError(key)
    content = message.get(key)
    if isinstance(content, str):
        within, text = split_thinking(content)
    else:
        within, text = thinking_in_parts(content), _text_of(content)
    if finish_reason == "error" and not text and not tool_calls:
        raise EngineError(FailureKind.SERVER, "The provider ended the answer with an error.")
    return GenerationResult(
        text=clean(text, limit=None),
        usage=usage,
        latency_s=latency_s,
        finish_reason=read_word(finish_reason),
        model=read_word(answer.get("model")),
        system_fingerprint=read_word(answer.get("system_fingerprint")),
        tool_calls=tool_calls,
        thinking=clean(thinking or within, limit=None) if thinking or within else "",
    )


def _text_of(content: Any) -> str:
    """Return the text of content that is no text: nothing, or a list of parts.

    Parts of unknown kinds are left out.

    Raises:
        TypeError: if there is no part of a known kind.
    """
    if content is None:
        return ""
    parts = [content] if isinstance(content, dict) else content
    texts = [part["text"] for part in parts if part.get("type") in _TEXT_PARTS]
    if not texts and not thinking_in_parts(parts):
        raise TypeError("no text")
    return "".join(texts)


def _unreadable(payload: bytes, api: str, why: str) -> EngineError:
    start = payload[:_SHOWN_CHARS].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        said = f"is a web page, not that of a {api} API: {excerpt(payload, _SHOWN_CHARS)}"
        return EngineError(FailureKind.MALFORMED, said, final=True)
    said = f"is not that of a {api} API ({why}): {excerpt(payload, _SHOWN_CHARS)}"
    return EngineError(FailureKind.MALFORMED, said)


def read_tool_calls(calls: Any) -> tuple[ToolCall, ...]:
    """Return the tool calls of a response, in text that is safe to store.

    Raises:
        LookupError, TypeError, AttributeError: if they do not have the structure that chat APIs define.
    """
    if not calls:
        return ()
    found = []
    for number, call in enumerate(calls[:_MAX_TOOL_CALLS]):
        function = call["function"]
        arguments = function.get("arguments")
        # The API defines JSON as text; some servers send the object itself.
        written = arguments if isinstance(arguments, str) else orjson.dumps(arguments or {}).decode()
        if not isinstance(function["name"], str):
            raise TypeError("a call of no tool")
        name, id_ = clean(function["name"]), clean(str(call.get("id") or f"call_{number}"))
        found.append(ToolCall(id_, name, clean(written, limit=None)))
    return tuple(found)


def _loads(payload: bytes, charset: str | None) -> Any:
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        pass
    # JSON is UTF-8; the header may only explain what is not. Other codecs of Python are no charsets.
    encoding: str = json.detect_encoding(payload)
    if charset is not None and charset.lower().startswith(_CHARSETS):
        with suppress(LookupError):
            encoding = codecs.lookup(charset).name
    text = without_comments(
        payload.decode(encoding, "surrogatepass" if encoding.startswith("utf") else "strict")
    )
    if is_stream(text):
        return join_events(text)
    # Accepts lone surrogates, which a truncated response may contain; events may follow the answer.
    answer, end = json.JSONDecoder().raw_decode(text)
    rest = without_comments(text[end:])
    if rest and not is_stream(rest):
        raise ValueError("something follows the answer")
    return answer


def read_word(value: object) -> str | None:
    """Return a short text from the server that is safe to store; ``None`` if it is not a text, or empty."""
    return clean(value) if isinstance(value, str) and value else None
