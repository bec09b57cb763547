"""One reader for all methods: the same answer whichever asked, read as a person would, and never an error."""

import asyncio
import time
from collections import Counter
from itertools import chain, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.generation import GenerationParams, GenerationResult
from app.domain.passages import Retrieval
from app.domain.prediction import ParsedAnswer, ParseOutcome
from app.domain.scoring import ScoringRule
from app.schemas.method_config import CoTMethodConfig, NaiveMethodConfig, RagMethodConfig, ReactMethodConfig
from app.services.evaluation.scorers.text import exact_match
from app.services.methods.answer_extraction import extract_answer
from app.services.methods.base import Context, Method, Sources
from app.services.methods.registry import build_method
from tests.engines import ScriptedEngine
from tests.factories import example, properties
from tests.services.methods.output_corpus import NUMBER_QUESTION, TEXT_QUESTION, Sample, corpus

CORPUS = list(corpus())
SEARCH = "Action: retrieval[apples]"

# What the rules look for, in any order.
PIECES = st.sampled_from(
    [
        *(
            "Paris",
            "New York",
            "U.S.A.",
            "42",
            "1,200",
            "½",
            "10-15",
            "東京",
            "\N{SHIP}",
            "word " * 60,
            "1.",
            "1e9",
            "3:30",
        ),
        *(
            "Answer:",
            "The answer is ",
            "It is ",
            "A:",
            "Question:",
            "I don't know",
            ", but I think ",
            "Wait, no: ",
        ),
        *(
            "\\boxed{",
            "}",
            "\\frac{1}{2}",
            "#### ",
            "Therefore, ",
            "So ",
            "= ",
            '{"answer": ',
            '"',
            "<answer>",
            "</answer>",
        ),
        *(
            "<think>",
            "</think>",
            "<|im_end|>",
            "<|channel|>final<|message|>",
            "</s>",
            "**",
            "```json\n",
            "```",
            "# ",
            "- ",
        ),
        *(
            " ",
            "\n",
            "\t",
            "\0",
            ".",
            "?",
            ":",
            "…",
            "_",
            "(",
            ")",
            "/",
            "^",
            "\u2028",
            "\ud800",
            "\u200b",
            "%",
            "–",
        ),
    ]
)
OUTPUTS = st.text() | st.lists(PIECES, max_size=14).map("".join)


class Shelf:
    """A retriever that finds nothing."""

    async def retrieve(self, query: str) -> Retrieval:
        return Retrieval(())


def methods(rule: ScoringRule) -> dict[str, Method]:
    """Return one of each method, all for the same dataset."""
    agent = ReactMethodConfig(name="react", shots=0, max_iterations=1, final_answer_prompt="always")
    configs = (NaiveMethodConfig(), CoTMethodConfig(name="cot", shots=0), RagMethodConfig(name="rag"), agent)
    return {config.name: build_method(config, rule, Sources(retriever=Shelf())) for config in configs}


async def read_by(method: Method, output: str, question: str, finish_reason: str = "stop") -> ParsedAnswer:
    """Return the answer that a method reads in an output; the agent is given it as its final answer."""
    said = GenerationResult(output, finish_reason=finish_reason)
    first = GenerationResult(SEARCH) if method.name == "react" else said
    context = Context(
        ScriptedEngine(chain([first], repeat(said))), "mock/scripted", GenerationParams(), seed=1, repeat=0
    )
    return (await method(example(question), context)).answer


class TestOneReader:
    """What an output says does not depend on the method that asked for it."""

    @properties
    @given(OUTPUTS, st.sampled_from(["triviaqa", "hotpotqa", "gsm8k"]), st.sampled_from(["stop", "length"]))
    def test_reads_any_output_alike_for_every_method(
        self, output: str, rule: ScoringRule, finish: str
    ) -> None:
        async def all_of() -> dict[str, ParsedAnswer]:
            return {
                name: await read_by(method, output, NUMBER_QUESTION, finish)
                for name, method in methods(rule).items()
            }

        found = asyncio.run(all_of())
        assert found["naive"] == found["cot"] == found["rag"]
        if output.strip():
            agent = found["react"]
            assert (agent.text, agent.outcome) == (found["naive"].text, found["naive"].outcome)
            assert agent.rule.endswith(found["naive"].rule)

    async def test_no_comparison_of_methods_is_one_of_readers(self) -> None:
        rules: dict[bool, ScoringRule] = {False: "triviaqa", True: "gsm8k"}
        built = {numeric: methods(rule) for numeric, rule in rules.items()}
        discordant: Counter[str] = Counter()
        for sample in CORPUS:
            right = {
                name: await self._is_right(method, sample, rules[sample.numeric])
                for name, method in built[sample.numeric].items()
            }
            for name, value in right.items():
                discordant[f"{name} alone right"] += value and not right["naive"]
                discordant[f"{name} alone wrong"] += right["naive"] and not value
        assert len(CORPUS) >= 3_500
        assert discordant.total() == 0

    async def _is_right(self, method: Method, sample: Sample, rule: ScoringRule) -> bool:
        text = (await read_by(method, sample.output, sample.question)).text
        if text is None or sample.answer is None:
            return text == sample.answer
        return exact_match(text, (sample.answer,), rule)[0] == 1.0


class TestCorpus:
    def test_is_read_as_a_person_would(self) -> None:
        misread = [
            (sample.output, sample.answer, found.text, found.rule)
            for sample in CORPUS
            if (found := extract_answer(sample.output, sample.question, numeric=sample.numeric)).text
            != sample.answer
        ]
        assert misread == []

    @pytest.mark.parametrize("numeric", [False, True])
    @pytest.mark.parametrize(
        "output",
        [
            "N/A",
            "Unknown",
            "No answer.",
            "Answer: none",
            "I am not sure.",
            "It is not mentioned in the text.",
        ],
    )
    def test_what_says_that_there_is_no_answer_is_a_refusal(self, output: str, numeric: bool) -> None:
        found = extract_answer(output, TEXT_QUESTION, numeric=numeric)
        assert (found.text, found.outcome) == (None, ParseOutcome.REFUSAL)


class TestUnsure:
    @pytest.mark.parametrize(
        ("output", "rule"),
        [
            ("Answer: 10-15", "range_or_two"),
            ("12 or 18", "range_or_two"),
            ("The answer is between 5 and 7.", "range_or_two"),
            ("20 hours and 30 minutes", "range_or_two"),
            ("Answer: 3:30", "unreadable_number"),
            ("Ann earned 10 on Monday, Bob earned 20.", "several_numbers"),
        ],
    )
    def test_of_several_numbers_none_is_taken(self, output: str, rule: str) -> None:
        found = extract_answer(output, NUMBER_QUESTION, numeric=True)
        assert found == ParsedAnswer(None, ParseOutcome.UNSURE, rule)


class TestAnyOutput:
    @properties
    @given(OUTPUTS, st.text(max_size=20), st.booleans(), st.booleans())
    def test_has_an_outcome_and_raises_nothing(
        self, output: str, question: str, numeric: bool, cut_off: bool
    ) -> None:
        found = extract_answer(output, question, numeric=numeric, cut_off=cut_off)
        assert found.rule
        answered = found.outcome in {ParseOutcome.ANSWERED, ParseOutcome.TOO_LONG}
        assert (found.text is not None) == answered

    @pytest.mark.parametrize("numeric", [False, True])
    @pytest.mark.parametrize(
        "output",
        [
            "</s>",
            "<|im_end|>",
            "\N{SHIP}<|im_end|>",
            "```json\n```",
            "<think></think><|im_end|>",
            "1. \N{SHIP}",
            "\ud800",
        ],
    )
    def test_without_words_is_no_answer(self, output: str, numeric: bool) -> None:
        assert extract_answer(output, NUMBER_QUESTION, numeric=numeric).text is None

    @pytest.mark.parametrize("numeric", [False, True])
    @pytest.mark.parametrize(
        "piece",
        [
            *(
                "Answer: ",
                "\\boxed{",
                "the answer is ",
                "The x answer to the question is: ",
                "#### ",
                "So 1 ",
                "1,",
                "{",
            ),
            *(
                "a ",
                " ",
                "\n",
                "</s>",
                "<think>",
                "wait, no: it is ",
                "1. a\n",
                "5 and ",
                "\\frac{1}{",
                '"answer": ',
            ),
        ],
    )
    def test_time_grows_as_the_output_and_no_faster(self, piece: str, numeric: bool) -> None:
        """A tenth of 2 MB takes about a tenth of the time; if it grew by the square, a hundredth."""

        def seconds(length: int) -> float:
            output, taken = piece * (length // len(piece)), []
            for _ in range(3):
                start = time.process_time()
                extract_answer(output, NUMBER_QUESTION, numeric=numeric)
                taken.append(time.process_time() - start)
            return min(taken)

        assert seconds(2_000_000) <= 40 * max(seconds(200_000), 0.001)

    def test_too_long_to_be_read_whole_says_so(self) -> None:
        filler = "The crate is full. " * 100_000
        found = extract_answer(f"{filler}\nAnswer: Paris", TEXT_QUESTION)
        assert found == ParsedAnswer("Paris", ParseOutcome.ANSWERED, "answer_label (middle not read)")
        first = extract_answer(f"Paris\n\n{filler}", TEXT_QUESTION)
        assert (first.text, first.rule) == ("Paris", "first_line (middle not read)")
