"""An engine without a model: it answers by a script, and is slow or fails where the script says so.

The model's name is the script: ``mock/echo`` or ``mock/<kind>?latency_ms=100&fail_rate=0.1&…``.

=============  ===========================================================================
kind           answer
=============  ===========================================================================
echo           the last message's text
hash           ``A`` and 8 hex digits of the prompt's SHA-256
fixed          the parameter ``text``
gold           the gold answer with probability ``accuracy``, else a wrong one
turns          the parameters ``turn`` in order, by the number of assistant turns in the prompt
=============  ===========================================================================

Parameters: ``latency_ms`` (fixed), ``jitter_ms`` (added, uniform by prompt), ``fail_rate`` with
``fail_kind`` (a failure kind) and ``fail_tries`` (attempts that fail; 0: all of them),
``usage=0`` (report no token counts). Whether a prompt fails, and how, depends only on the prompt,
the seed and the repeat.
"""

import asyncio
import hashlib
import random
import time
from collections import Counter
from collections.abc import Mapping
from urllib.parse import parse_qsl

from app.domain.generation import GenerationRequest, GenerationResult, Usage
from app.domain.status import FailureKind
from app.services.inference.base import EngineBase, EngineError
from app.services.inference.catalog import CatalogError
from app.services.inference.engines.connector import Connector, ModelStatus

_KINDS = ("echo", "hash", "fixed", "gold", "turns")
_NUMBERS = ("latency_ms", "jitter_ms", "fail_rate", "fail_tries", "accuracy", "usage")
_SHARES = ("fail_rate", "accuracy")
_LARGEST = 3_600_000.0
_TEXTS = ("text", "turn", "fail_kind")


def _number(name: str, text: str) -> float:
    value, most = float(text), 1.0 if name in _SHARES else _LARGEST
    if not 0 <= value <= most:  # nor is it NaN
        raise ValueError(f"{name} must be from 0 to {most:g}")
    return value


class MockEngine(EngineBase):
    """Answers by a script; see the module's docstring.

    Args:
        script: what follows ``mock/`` in the model name.
        answers: gold answers by question, for ``gold``; a question is looked for in the prompt's lines.

    Raises:
        CatalogError: if the script is invalid.
    """

    def __init__(self, script: str, answers: Mapping[str, str] | None = None) -> None:
        self._kind, _, query = script.partition("?")
        given = parse_qsl(query, keep_blank_values=True)
        options = dict(given)
        unknown = set(options) - set(_NUMBERS) - set(_TEXTS)
        if self._kind not in _KINDS or unknown:
            raise CatalogError(
                f"Unknown mock model {script!r}.",
                f"Kinds: {', '.join(_KINDS)}; parameters: {', '.join((*_NUMBERS, *_TEXTS))}.",
            )
        try:
            self._numbers = {name: _number(name, options[name]) for name in _NUMBERS if name in options}
            self._fail_kind = FailureKind(options.get("fail_kind", "server"))
        except ValueError as error:
            raise CatalogError(f"Cannot read the mock model {script!r}: {error}.") from error
        self._text = options.get("text", "mock answer")
        self._turns = [value for name, value in given if name == "turn"] or [self._text]
        self._answers = dict(answers or {})
        self._tries: Counter[str] = Counter()

    @property
    def needs_answers(self) -> bool:
        """Whether the script gives gold answers."""
        return self._kind == "gold"

    def _number(self, name: str, default: float = 0.0) -> float:
        return self._numbers.get(name, default)

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request; see ``Engine.generate``."""
        prompt = "\n\n".join(message.content for message in request.messages)
        draw = random.Random(f"{request.seed}:{request.repeat}:{prompt}")  # noqa: S311
        fails = draw.random() < self._number("fail_rate")
        jitter_ms = draw.random() * self._number("jitter_ms")
        started = time.perf_counter()
        await asyncio.sleep((self._number("latency_ms") + jitter_ms) / 1000)
        if fails:
            self._maybe_fail(prompt)
        had = sum(message.role == "assistant" for message in request.messages)
        text = self._turns[had % len(self._turns)] if self._kind == "turns" else self._answer(prompt, draw)
        usage = Usage(len(prompt.split()), len(text.split())) if self._number("usage", 1) else Usage()
        return GenerationResult(
            text=text,
            usage=usage,
            latency_s=time.perf_counter() - started,
            finish_reason="stop",
            model="mock",
        )

    def _maybe_fail(self, prompt: str) -> None:
        self._tries[prompt] += 1
        tries = self._number("fail_tries")
        if tries == 0 or self._tries[prompt] <= tries:
            raise EngineError(self._fail_kind, f"Scripted failure ({self._fail_kind}).")

    def _answer(self, prompt: str, draw: random.Random) -> str:
        if self._kind == "echo":
            return prompt
        if self._kind == "fixed":
            return self._text
        if self._kind == "gold" and draw.random() < self._number("accuracy", 1.0):
            for line in prompt.splitlines():
                answer = self._answers.get(line.removeprefix("Question: ").strip())
                if answer is not None:
                    return answer
        return "A" + hashlib.sha256(prompt.encode()).hexdigest()[:8]


class MockConnector(Connector):
    """Opens scripts; there is nothing to reach, and no key."""

    def status(self) -> ModelStatus:
        """Return that the script can be used; see ``Connector.status``."""
        MockEngine(self.model.remote_id)
        return super().status()

    def endpoint(self) -> None:
        """Return that there is none."""

    @property
    def needs_answers(self) -> bool:
        """Whether the script answers correctly."""
        return MockEngine(self.model.remote_id).needs_answers

    async def open(self, timeout_s: float, answers: Mapping[str, str] | None = None) -> MockEngine:
        """Return an engine; see ``Connector.open``."""
        del timeout_s
        return MockEngine(self.model.remote_id, answers)
