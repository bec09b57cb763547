"""Tests of the method that reads passages."""

from typing import Any

import pytest

from app.domain.generation import GenerationParams, GenerationRequest, GenerationResult
from app.domain.passages import Chunk, Hit, Passage, Retrieval
from app.domain.status import FailureKind
from app.schemas.method_config import RagMethodConfig
from app.services.inference.base import EngineError
from app.services.inference.token_estimate import estimated_tokens
from app.services.methods.base import Context, Sources
from app.services.methods.prompts import NOT_YET, numbered
from app.services.methods.rag import RagMethod
from app.services.methods.registry import build_method
from tests.engines import ScriptedEngine, answered
from tests.factories import example

EXAMPLE = example("Who built {it}?", "Eiffel")
EIFFEL = "Eiffel.\nQuestion: and who"


def passage(number: int, text: str = "", title: str = "") -> Passage:
    text = text or f"text {number}"
    chunk = Chunk(f"a{number}#0", f"a{number}", title or f"Title {number}", "", text, 0, len(text))
    return Passage(chunk, {"dense": Hit(number, 1 / number)})


class Found:
    """A retriever that always finds the same."""

    def __init__(self, *passages: Passage) -> None:
        self.passages = passages
        self.queries: list[str] = []

    async def retrieve(self, query: str) -> Retrieval:
        self.queries.append(query)
        return Retrieval(self.passages)


def build(*passages: Passage, **fields: Any) -> RagMethod:
    method = build_method(RagMethodConfig(name="rag", **fields), "squad", Sources(retriever=Found(*passages)))
    assert isinstance(method, RagMethod)
    return method


def context(engine: ScriptedEngine, window: int | None = None) -> Context:
    params = GenerationParams(max_tokens=20)
    return Context(engine, "mock/scripted", params, seed=1, repeat=0, window=window)


def refusing_above(passages: int) -> ScriptedEngine:
    """An engine for which prompts with more passages are too long."""

    async def script(request: GenerationRequest) -> GenerationResult:
        if request.messages[-1].content.count("] Title ") > passages:
            raise EngineError(FailureKind.CONTEXT_LENGTH, "too long")
        return answered("Eiffel")

    return ScriptedEngine(script)


class TestPrompt:
    async def test_numbers_the_passages_under_their_titles_before_the_question(self) -> None:
        engine = ScriptedEngine(EIFFEL)
        await build(passage(1), passage(2))(EXAMPLE, context(engine))
        assert engine.calls[0].messages[-1].content == (
            "[1] Title 1\ntext 1\n\n[2] Title 2\ntext 2\n\nAnswer the question from the passages. Write only "
            "the name, number or short phrase that is asked for, nothing else.\n\n"
            "Question: Who built {it}?\nShort answer:"
        )

    async def test_braces_in_passages_stay_as_they_are(self) -> None:
        engine = ScriptedEngine(EIFFEL)
        await build(passage(1, "{question} {passages} {0}"))(EXAMPLE, context(engine))
        assert "{question} {passages} {0}" in engine.calls[0].messages[-1].content

    async def test_of_nothing_found_asks_all_the_same(self) -> None:
        engine = ScriptedEngine(EIFFEL)
        prediction = await build()(EXAMPLE, context(engine))
        assert prediction.passages == ()
        assert engine.calls[0].messages[-1].content.endswith("Question: Who built {it}?\nShort answer:")

    def test_before_anything_is_retrieved(self) -> None:
        assert NOT_YET in build().render(EXAMPLE)[-1].content

    def test_without_a_title(self) -> None:
        chunk = Chunk("a#0", "a", "", "", "text", 0, 4)
        assert numbered([Passage(chunk)]) == "[1]\ntext"

    def test_template_is_hashed_with_its_places(self) -> None:
        template = "{passages}\n{question}"
        assert build(template=template).template["prompt"]["text"] == template


class TestAnswer:
    async def test_is_read_from_the_head_of_the_output(self) -> None:
        method = build(passage(1))
        prediction = await method(EXAMPLE, context(ScriptedEngine(EIFFEL)))
        assert (prediction.answer.text, prediction.output) == ("Eiffel", "Eiffel.\nQuestion: and who")
        assert prediction.passages == (passage(1),)
        assert isinstance(method.retriever, Found)
        assert method.retriever.queries == ["Who built {it}?"]

    async def test_without_a_retriever_there_is_none(self) -> None:
        method = build_method(RagMethodConfig(name="rag"), "squad")
        with pytest.raises(RuntimeError, match="without a knowledge base"):
            await method(EXAMPLE, context(ScriptedEngine(EIFFEL)))


class TestWindow:
    async def test_unknown_takes_all(self) -> None:
        prediction = await build(*map(passage, range(1, 9)))(EXAMPLE, context(ScriptedEngine(EIFFEL)))
        assert prediction.passages is not None
        assert not any(one.dropped for one in prediction.passages)

    async def test_last_passages_are_left_out_first(self) -> None:
        long = [passage(number, "word " * 100) for number in range(1, 5)]
        engine = ScriptedEngine(EIFFEL)
        prediction = await build(*long)(EXAMPLE, context(engine, window=400))
        assert prediction.passages is not None
        assert [one.dropped for one in prediction.passages] == [False, False, True, True]
        assert [one.chunk.id for one in prediction.passages] == ["a1#0", "a2#0", "a3#0", "a4#0"]
        assert estimated_tokens(engine.calls[0].messages) <= 400 - 20
        assert "[3]" not in engine.calls[0].messages[-1].content

    async def test_too_small_for_any(self) -> None:
        prediction = await build(passage(1, "word " * 500))(EXAMPLE, context(ScriptedEngine(EIFFEL), 100))
        assert prediction.passages is not None
        assert [one.dropped for one in prediction.passages] == [True]

    async def test_of_which_the_endpoint_thinks_less_than_we_do(self) -> None:
        engine = refusing_above(2)
        prediction = await build(*map(passage, range(1, 5)))(EXAMPLE, context(engine))
        assert prediction.passages is not None
        assert [one.dropped for one in prediction.passages] == [False, False, True, True]
        assert len(engine.calls) == 3
        assert len(prediction.calls) == 1

    async def test_that_not_even_the_question_fits(self) -> None:
        here = context(refusing_above(-1))
        with pytest.raises(EngineError, match="too long"):
            await build(passage(1))(EXAMPLE, here)
        assert here.transcript.passages is not None
        assert here.transcript.passages[0].dropped

    def test_text_of_other_scripts_takes_more_tokens(self) -> None:
        latin, chinese = build(passage(1, "a" * 90)), build(passage(1, "塔" * 90))
        sizes = [
            estimated_tokens(one.render(EXAMPLE, one.retriever.passages))  # type: ignore[union-attr]
            for one in (latin, chinese)
        ]
        assert sizes[1] - sizes[0] == 50
