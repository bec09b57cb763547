"""Tests of judging answers by the passages that they should follow from."""

from collections.abc import Sequence

import pytest

from app.domain.passages import Chunk, Passage
from app.domain.prediction import ParsedAnswer, ParseOutcome
from app.domain.status import FailureKind
from app.services.evaluation.judges.base import Claim, Verdict
from app.services.evaluation.judges.llm import LlmJudge, judging_prompt
from app.services.evaluation.judges.nli import NliJudge
from app.services.evaluation.scorers.faithfulness import score_faithfulness
from app.services.inference.base import EngineError
from tests.engines import ScriptedEngine

PARIS = ParsedAnswer("Paris", ParseOutcome.ANSWERED, "first_line")
CLAIM = Claim("Capital of France?", "Paris", ("Paris is large.", "Rome is old."))


def passage(text: str, *, dropped: bool = False) -> Passage:
    return Passage(Chunk("a#0", "a", "", "", text, 0, len(text)), {}, dropped)


class Fixed:
    """A judge of one opinion, that remembers what it judged."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.claims: list[Claim] = []

    async def judge(self, claim: Claim) -> Verdict:
        self.claims.append(claim)
        return self.verdict


class Table:
    """Knows the probability of each premise."""

    def __init__(self, probabilities: dict[str, float]) -> None:
        self.of = probabilities
        self.hypotheses: set[str] = set()

    async def probabilities(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        self.hypotheses |= {hypothesis for _, hypothesis in pairs}
        return [self.of[premise] for premise, _ in pairs]


class TestScore:
    @pytest.mark.parametrize(("value", "faithful"), [(0.9, 1.0), (0.5, 1.0), (0.49, 0.0), (0.0, 0.0)])
    async def test_half_is_the_threshold(self, value: float, faithful: float) -> None:
        judge = Fixed(Verdict(value, "so"))
        scores = await score_faithfulness(judge, "q", PARIS, [passage("text")])
        assert [(score.name, score.value) for score in scores] == [
            ("faithfulness", value),
            ("faithful", faithful),
        ]

    async def test_sees_what_the_model_saw(self) -> None:
        judge = Fixed(Verdict(1.0, ""))
        await score_faithfulness(judge, "q", PARIS, [passage("kept"), passage("left out", dropped=True)])
        assert judge.claims == [Claim("q", "Paris", ("kept",))]

    @pytest.mark.parametrize("passages", [None, [], [passage("left out", dropped=True)]])
    async def test_unscored_without_passages(self, passages: list[Passage] | None) -> None:
        scores = await score_faithfulness(Fixed(Verdict(1.0, "")), "q", PARIS, passages)
        assert {score.value for score in scores} == {None}
        assert scores[0].reason == "no passages to judge by"

    async def test_unscored_without_an_answer(self) -> None:
        refusal = ParsedAnswer(None, ParseOutcome.REFUSAL, "refusal_phrase")
        scores = await score_faithfulness(Fixed(Verdict(1.0, "")), "q", refusal, [passage("text")])
        assert (scores[0].value, scores[0].reason) == (None, "no answer (refusal)")

    async def test_unscored_when_the_judge_gives_no_number(self) -> None:
        scores = await score_faithfulness(Fixed(Verdict(None, "broken")), "q", PARIS, [passage("text")])
        assert [(score.value, score.reason) for score in scores] == [(None, "broken")] * 2


class TestStatement:
    def test_a_name_is_put_with_its_question(self) -> None:
        assert CLAIM.statement == 'The answer to the question "Capital of France?" is: Paris.'

    def test_a_sentence_stands_by_itself(self) -> None:
        said = "The capital of France is the city of Paris."
        assert Claim("Capital of France?", said, ()).statement == said


class TestNli:
    async def test_best_passage_counts(self) -> None:
        table = Table({"Paris is large.": 0.2, "Rome is old.": 0.7})
        assert await NliJudge(table).judge(CLAIM) == Verdict(0.7, "most by passage 2")
        assert table.hypotheses == {CLAIM.statement}

    async def test_a_crash_is_no_zero(self) -> None:
        verdict = await NliJudge(Table({})).judge(CLAIM)
        assert verdict == Verdict(None, "the judge failed (KeyError)")


class TestLlm:
    @pytest.mark.parametrize(
        ("said", "value"),
        [
            ("yes", 1.0),
            ("Yes.", 1.0),
            (" **No**, since", 0.0),
            ("Answer: no", 0.0),
            ("NO\n", 0.0),
            ("Perhaps", None),
            ("nothing", None),
            ("", None),
            ("I cannot say yes or no", None),
        ],
    )
    async def test_reads_yes_or_no(self, said: str, value: float | None) -> None:
        verdict = await LlmJudge(ScriptedEngine(said), "mock/judge").judge(CLAIM)
        assert verdict.value == value
        assert value is not None or "neither yes nor no" in verdict.reason

    async def test_asks_with_passages_question_and_answer(self) -> None:
        engine = ScriptedEngine("yes")
        await LlmJudge(engine, "mock/judge").judge(CLAIM)
        (request,) = engine.calls
        assert (request.model, request.params.temperature) == ("mock/judge", 0.0)
        prompt = request.messages[0].content
        assert prompt == judging_prompt(CLAIM)
        assert (
            "[1] Paris is large.\n\n[2] Rome is old.\n\nQuestion: Capital of France?\nAnswer: Paris" in prompt
        )

    async def test_a_failed_call_is_no_zero(self) -> None:
        failing = ScriptedEngine(EngineError(FailureKind.TIMEOUT, "too slow"))
        verdict = await LlmJudge(failing, "mock/judge").judge(CLAIM)
        assert verdict == Verdict(None, "the judge failed (timeout)")
