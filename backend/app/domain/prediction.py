"""What a method makes of an example."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.examples import Example
from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.passages import Passage
from app.domain.scoring import ScoringRule
from app.domain.trace import Trace


class ParseOutcome(StrEnum):
    """What kind of output the parser met."""

    ANSWERED = "answered"
    EMPTY = "empty"
    ECHO = "echo"
    """The output only repeats the question."""
    REFUSAL = "refusal"
    """The model says that it cannot or will not answer."""
    TOO_LONG = "too_long"
    """An answer was taken, from an output far longer than a short answer."""
    NO_ANSWER = "no_answer"
    """The model reasons, and comes to no answer."""
    UNSURE = "unsure"
    """It gives a range, or several numbers of which none is the answer; none was taken."""
    CUT_OFF = "cut_off"
    """The output ended at its token limit before there was an answer."""
    CUT_OFF_THINKING = "cut_off_thinking"
    """It ended at its token limit while the model was still thinking."""


_SURE_OUTCOMES = frozenset({ParseOutcome.ANSWERED, ParseOutcome.REFUSAL, ParseOutcome.EMPTY})
_CHOOSING_RULES = frozenset({"first_sentence", "last_sentence", "last_line"})
"""Rules that take one of several sentences, of which none is marked as the answer."""


@dataclass(frozen=True, slots=True)
class ParsedAnswer:
    """The answer found in an output: its text (``None`` if there is none), outcome, and rule.

    ``rule`` names the parsing rule that fired, so that a reader can see why this text was taken.
    """

    text: str | None
    outcome: ParseOutcome
    rule: str

    @property
    def is_sure(self) -> bool:
        """Whether the output says clearly what its answer is, or that it has none."""
        return self.outcome in _SURE_OUTCOMES and self.rule not in _CHOOSING_RULES


@dataclass(frozen=True, slots=True)
class Vote:
    """What one of several sampled answers counted for.

    Attributes:
        answer: found in this call's output.
        counted_as: the answer, normalised; ``None`` if there was none, which is no vote.
        votes: how many of the calls counted as the same, this one included.
    """

    answer: ParsedAnswer
    counted_as: str | None
    votes: int


@dataclass(frozen=True, slots=True)
class Call:
    """One model call of a prediction, with its answer, and its vote if the method counts votes."""

    request: GenerationRequest
    result: GenerationResult
    vote: Vote | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """A method's answer to one example: raw output, parsed answer and every call made for it.

    ``passages``: what was retrieved for it, best first; ``None`` if the method retrieves nothing.
    ``trace``: what an agent did for it; ``None`` if the method is no agent.
    """

    output: str
    answer: ParsedAnswer
    calls: tuple[Call, ...]
    passages: tuple[Passage, ...] | None = None
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class ScoredSample:
    """What a scorer judges: an example, what the method made of it, and the dataset's scoring rule."""

    example: Example
    prediction: Prediction
    rule: ScoringRule
