"""Tests of the score by a model that reads answers where the rules are unsure."""

import pytest

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.prediction import ParsedAnswer, ParseOutcome, Prediction, ScoredSample
from app.domain.scoring import Score
from app.domain.status import FailureKind
from app.services.evaluation.scorers.reader_model import ReaderModelScorer, _is_checked, reading_prompt
from app.services.inference.base import EngineError
from tests.engines import ScriptedEngine, answered
from tests.factories import example

CHECKED = next(question for n in range(99) if _is_checked(question := f"Capital of country {n}?"))
UNCHECKED = next(question for n in range(99) if not _is_checked(question := f"Capital of country {n}?"))
SURE = ParsedAnswer("Paris", ParseOutcome.ANSWERED, "first_line")
LAST = ParsedAnswer("It may be Paris", ParseOutcome.ANSWERED, "last_sentence")
UNSURE = ParsedAnswer(None, ParseOutcome.UNSURE, "range_or_two")
REFUSAL = ParsedAnswer(None, ParseOutcome.REFUSAL, "refusal_phrase")
CUT_OFF = ParsedAnswer(None, ParseOutcome.CUT_OFF, "no_marked_answer")
EMPTY = ParsedAnswer(None, ParseOutcome.EMPTY, "no_words")


async def scored(
    question: str, parsed: ParsedAnswer, reply: str, output: str = "Well, it may be Paris. Or Lyon."
) -> tuple[list[Score], int]:
    """Return the scores of an output, and how often the model was asked."""
    asked = 0

    async def model(request: GenerationRequest) -> GenerationResult:
        nonlocal asked
        asked += 1
        assert question in request.messages[0].content
        if reply == "fails":
            raise EngineError(FailureKind.SERVER, "it is down")
        return answered(reply)

    sample = ScoredSample(example(question, "Paris"), Prediction(output, parsed, ()), "squad")
    return await ReaderModelScorer(ScriptedEngine(model), "mock/gold")(sample), asked


def values(scores: list[Score]) -> dict[str, float | None]:
    return {score.name: score.value for score in scores}


class TestWhereTheRulesAreUnsure:
    @pytest.mark.parametrize("question", [CHECKED, UNCHECKED])
    @pytest.mark.parametrize("parsed", [LAST, UNSURE, CUT_OFF])
    @pytest.mark.parametrize(
        ("reply", "value"), [("Paris", 1.0), ("“paris.”", 1.0), ("Lyon", 0.0), ("NONE", 0.0)]
    )
    async def test_the_model_reads_the_answer(
        self, question: str, parsed: ParsedAnswer, reply: str, value: float
    ) -> None:
        scores, asked = await scored(question, parsed, reply)
        assert (values(scores), asked) == ({"reader_match": value}, 1)

    @pytest.mark.parametrize("reply", ["Marseille", "fails"])
    async def test_what_the_output_does_not_say_is_no_answer_of_it(self, reply: str) -> None:
        scores, _ = await scored(UNCHECKED, UNSURE, reply)
        assert values(scores) == {"reader_match": None}
        assert scores[0].reason.startswith("the reader model failed")

    async def test_an_output_without_words_is_not_read(self) -> None:
        assert await scored(CHECKED, EMPTY, "Paris", " ") == (
            [Score("reader_match", 0.0, "no answer (empty)")],
            0,
        )


class TestWhereTheRulesAreSure:
    @pytest.mark.parametrize(("parsed", "value"), [(SURE, 1.0), (REFUSAL, 0.0)])
    async def test_their_answer_counts(self, parsed: ParsedAnswer, value: float) -> None:
        scores, asked = await scored(UNCHECKED, parsed, "Lyon")
        assert (values(scores), asked) == ({"reader_match": value}, 0)

    @pytest.mark.parametrize(
        ("parsed", "reply", "agrees"),
        [
            (SURE, "Paris.", 1.0),
            (SURE, "Lyon", 0.0),
            (SURE, "NONE", 0.0),
            (REFUSAL, "NONE", 1.0),
            (REFUSAL, "Paris", 0.0),
            (SURE, "fails", None),
        ],
    )
    async def test_one_in_five_is_checked(
        self, parsed: ParsedAnswer, reply: str, agrees: float | None
    ) -> None:
        scores, asked = await scored(CHECKED, parsed, reply)
        assert asked == 1
        assert values(scores) == {"reader_match": float(parsed is SURE), "reader_agrees": agrees}

    def test_the_share_is_a_fifth(self) -> None:
        share = sum(_is_checked(f"Question {number}?") for number in range(2_000)) / 2_000
        assert 0.17 < share < 0.23


def test_a_long_output_is_shown_by_its_ends() -> None:
    prompt = reading_prompt("Who?", "a" * 50_000 + "Paris")
    assert len(prompt) < 7_000
    assert "Paris" in prompt
