"""Retrieval from a knowledge base as a tool."""

import asyncio
from typing import Any

import pytest

from app.domain.passages import Chunk, Passage, Retrieval
from app.services.agent.tools.retrieval import RetrievalTool


def passage(number: int, text: str = "", title: str = "Hamlet") -> Passage:
    text = text or f"Sentence {number}."
    return Passage(Chunk(f"a#{number}", "a", title, "", text, 0, len(text)))


class Shelf:
    """A retriever that gives what a test put there, as slowly as it says."""

    def __init__(self, *passages: Passage, delay_s: float = 0.0, fault: Exception | None = None) -> None:
        self.asked: list[str] = []
        self._passages = passages
        self._delay_s = delay_s
        self._fault = fault

    async def retrieve(self, query: str) -> Retrieval:
        self.asked.append(query)
        await asyncio.sleep(self._delay_s)
        if self._fault is not None:
            raise self._fault
        return Retrieval(self._passages)


TWELVE = tuple(passage(number) for number in range(12))


async def test_numbered_paragraphs() -> None:
    passages = (
        passage(0, "He is a prince.\n\nHe\tthinks. "),
        passage(1, "No title.", title=""),
        passage(2, "Other.", title="Mac\nbeth"),
    )
    shelf = Shelf(*passages)
    result = await RetrievalTool(shelf, 3).execute({"query": " Who is Hamlet? "})
    assert result.success
    assert result.text == ("[1] Hamlet: He is a prince.  He\tthinks. \n[2] No title.\n[3] Mac beth: Other.")
    assert result.passages == passages
    assert shelf.asked == ["Who is Hamlet?"]


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [({}, 3), ({"k": ""}, 3), ({"k": 1}, 1), ({"k": "5"}, 5), ({"k": 10}, 10)],
)
async def test_as_many_as_are_asked_for(arguments: dict[str, Any], shown: int) -> None:
    result = await RetrievalTool(Shelf(*TWELVE), 3).execute({"query": "a", **arguments})
    assert result.passages == TWELVE[:shown]
    assert result.text.count("\n") == shown - 1


async def test_no_more_than_there_are() -> None:
    result = await RetrievalTool(Shelf(*TWELVE[:2]), 3).execute({"query": "a", "k": 10})
    assert result.passages == TWELVE[:2]


@pytest.mark.parametrize("k", ["0", "-1", "11", "9" * 1000])
async def test_too_many_or_none(k: str) -> None:
    shelf = Shelf(*TWELVE)
    result = await RetrievalTool(shelf, 3).execute({"query": "a", "k": k})
    assert (result.success, result.error, result.passages) == (False, "retry", ())
    assert result.text.startswith("The k of retrieval must be 1 to 10, not “")
    assert result.text.endswith("”: leave it out for 3.")
    assert len(result.text) < 120
    assert shelf.asked == []


@pytest.mark.parametrize("room", [40, 60, 100, 200, 1000])
async def test_passages_are_given_as_they_were_shown(room: int) -> None:
    whole = (passage(0, "Short."), passage(1, "To be, or\nnot to be: that is the question. " * 3))
    result = await RetrievalTool(Shelf(*whole), 3, room).execute({"query": "a"})
    assert len(result.text) <= room
    assert result.text.startswith("[1] Hamlet: Short.\n[2] Hamlet: ") or room == 40
    for shown, full, line in zip(result.passages, whole, result.text.split("\n"), strict=True):
        assert full.chunk.text.startswith(shown.chunk.text)
        assert shown.chunk.end - shown.chunk.start == len(shown.chunk.text)
        assert line[12:].removesuffix(" […]") == shown.chunk.text.replace("\n", " ")
        assert shown.dropped == (not shown.chunk.text)
    assert result.passages[0] == whole[0]
    assert (result.passages[1] == whole[1]) == (room >= 200)


async def test_without_a_knowledge_base() -> None:
    result = await RetrievalTool(None, 3).execute({"query": "a"})
    assert (result.success, result.error) == (False, "final")


async def test_nothing_found() -> None:
    result = await RetrievalTool(Shelf(), 3).execute({"query": "a"})
    assert (result.text, result.success, result.passages) == ("Nothing was found.", True, ())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "retrieval needs its query"),
        ({"query": " "}, "retrieval needs its query"),
        ({"query": "a", "top": 3}, "retrieval has no argument 'top'; there is query, k."),
        ({"query": "a", "k": "many"}, "The k of retrieval must be a whole number, not 'many'."),
    ],
)
async def test_arguments_that_are_refused(arguments: dict[str, Any], said: str) -> None:
    shelf = Shelf(*TWELVE)
    result = await RetrievalTool(shelf, 3).execute(arguments)
    assert (result.success, result.error) == (False, "retry")
    assert result.text.startswith(said)
    assert shelf.asked == []


async def test_a_slow_retriever() -> None:
    tool = RetrievalTool(Shelf(*TWELVE, delay_s=60.0), 3)
    tool.timeout_s = 0.05
    result = await tool.execute({"query": "a"})
    assert (result.text, result.error) == ("retrieval gave no result within 0.05 s.", "retry")


async def test_a_broken_retriever() -> None:
    tool = RetrievalTool(Shelf(fault=OSError("the index is gone")), 3)
    result = await tool.execute({"query": "a"})
    assert (result.text, result.error) == (
        "retrieval is out of order (OSError: the index is gone).",
        "final",
    )


@pytest.mark.parametrize("top_k", [0, 11])
def test_default_out_of_bounds(top_k: int) -> None:
    with pytest.raises(ValueError, match=f"top_k must be 1 to 10, not {top_k}"):
        RetrievalTool(Shelf(), top_k)
