"""The JSON body of a request to a chat or completions API, in the spelling of provider and model."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from app.domain.generation import Constraint, GenerationRequest, Message
from app.domain.json import JsonObject
from app.services.inference.catalog import ModelSpec, ProviderSpec

SYSTEM_ROLE = "system_role"
"""Spelling of the role of system messages; ``None``: the model takes none, and their text goes before the
first message of the user."""

_OTHER_ROLES = frozenset({"user", "assistant", "tool"})


@dataclass(frozen=True, slots=True)
class RequestBody:
    """A body, and which parameters of the request are not in it, by our names."""

    values: JsonObject
    left_out: tuple[str, ...] = ()

    def holds(self, spelling: str, name: str) -> bool:
        """Return whether the body has a parameter, by the server's name of it, or by ours for the role."""
        if name == SYSTEM_ROLE:
            return any(message["role"] not in _OTHER_ROLES for message in self.values.get("messages", ()))
        return spelling in self.values


def write_body(
    request: GenerationRequest,
    provider: ProviderSpec,
    model: ModelSpec,
    spellings: Mapping[str, str | None],
) -> RequestBody:
    """Return the body for ``request``.

    Args:
        request: what to ask.
        provider: what it wants in every body.
        model: its name at the provider, and its API.
        spellings: names of parameters; ``None`` leaves one out.
    """
    params = request.params
    values: JsonObject = {
        "temperature": params.temperature,
        "max_tokens": params.max_tokens,
        "top_p": params.top_p,
        "stop": list(params.stop) or None,
        "seed": request.seed + request.repeat,
        "tools": [tool.as_dict() for tool in request.tools] or None,
        **constraint_fields(request.constraint),
    }
    body: JsonObject = {"model": model.remote_id, **provider.extra_body}
    left_out: tuple[str, ...] = ()
    if model.api == "completion":
        body["prompt"] = prompt_of(request)
    elif SYSTEM_ROLE in spellings and any(message.role == "system" for message in request.messages):
        role = spellings[SYSTEM_ROLE]
        body["messages"] = (
            [one.as_dict() for one in without_system(request.messages)]
            if role is None
            else [
                {**one.as_dict(), "role": role if one.role == "system" else one.role}
                for one in request.messages
            ]
        )
        left_out = (SYSTEM_ROLE,) if role is None else ()
    else:
        body["messages"] = [message.as_dict() for message in request.messages]
    for name, value in values.items():
        if value is None:
            continue
        spelling = spellings.get(name, name)
        if spelling is None:
            left_out = (*left_out, name)
        else:
            body[spelling] = value
    return RequestBody(body, left_out)


def prompt_of(request: GenerationRequest) -> str:
    """Return what a completions API is asked."""
    return "\n\n".join(message.content for message in request.messages)


def without_system(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Return messages with the text of those of the system before the first one of the user."""
    system = [message.content for message in messages if message.role == "system"]
    others = [message for message in messages if message.role != "system"]
    for place, message in enumerate(others):
        if message.role == "user":
            others[place] = Message("user", "\n\n".join([*system, message.content]))
            return tuple(others)
    return (Message("user", "\n\n".join(system)), *others)


def constraint_fields(constraint: Constraint | None) -> JsonObject:
    """Return the fields of a request body that ask for constrained decoding."""
    if constraint is None:
        return {}
    if constraint.kind == "grammar":
        return {"grammar": constraint.text}  # an extension of llama.cpp
    schema = {"name": "answer", "strict": True, "schema": orjson.loads(constraint.text)}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}
