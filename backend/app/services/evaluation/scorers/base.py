"""What a scorer is, how it is registered, and how the scorers of an experiment are run.

A scorer is an async callable from a ``ScoredSample`` to scores. It is registered together with the
descriptions of its scores, the condition under which it applies, and a function that opens it: a
scorer that asks a model gets the model there, and gives it back when the experiment ends.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from app.domain.prediction import ScoredSample
from app.domain.readable_errors import sentence_of
from app.domain.scoring import Score, ScoreDescription, ScoringRule
from app.domain.stages import UNTIMED, StageClock
from app.schemas.experiment_config import ExperimentConfig
from app.services.evaluation.judges.base import JudgementStore
from app.services.inference.base import Engine


class Scorer(Protocol):
    """Scores one answered example."""

    async def __call__(self, sample: ScoredSample, /) -> Sequence[Score]:
        """Return scores that the scorer's registration describes; none where they make no sense.

        Without awaiting anything this costs less than a microsecond more than a plain function.
        """
        ...


class ScorerUnavailable(Exception):
    """A scorer cannot be opened, because its model is missing, say; the message is for the user."""


class ScorerResources(Protocol):
    """What a scorer may use, handed in when it is opened."""

    @property
    def config(self) -> ExperimentConfig:
        """The experiment's configuration."""
        ...

    @property
    def judgements(self) -> JudgementStore:
        """Remembers judgements beyond this experiment."""
        ...

    async def engine(self, model: str) -> Engine:
        """Return an engine for ``model`` (``provider/model``), with cache, concurrency limit and retries.

        The scorers of an experiment that ask the same model share the engine; it is closed for them.
        """
        ...


Applies = Callable[[ExperimentConfig, ScoringRule], bool]
Open = Callable[[ScorerResources], AbstractAsyncContextManager[Scorer]]


def always(_config: ExperimentConfig, _rule: ScoringRule) -> bool:
    """Apply to every experiment."""
    return True


@dataclass(frozen=True, slots=True)
class RegisteredScorer:
    """A scorer as the registry lists it.

    Attributes:
        name: what configurations call it.
        scores: the scores it gives, in the order in which they are shown.
        open: gives the scorer for one experiment; raises ``ScorerUnavailable`` if that is impossible.
        applies: whether it scores an experiment that does not name it under ``scorers``;
            ``None`` for a scorer that is used only where it is named.
        asks_model: whether ``scorers.<name>.model`` must name a model.
        judges: whether a model judges, so that it may take long; so does one that ``asks_model``.
    """

    name: str
    scores: tuple[ScoreDescription, ...]
    open: Open
    applies: Applies | None = None
    asks_model: bool = False
    judges: bool = False

    @property
    def stage(self) -> str:
        """The stage of a run that it takes its time in."""
        return "judging" if self.judges or self.asks_model else "scoring"

    def is_for(self, config: ExperimentConfig, rule: ScoringRule) -> bool:
        """Return whether it scores the runs of an experiment."""
        return self.name in config.scorers or (self.applies is not None and self.applies(config, rule))


def without_resources(
    name: str, scorer: Scorer, *scores: ScoreDescription, applies: Applies | None = None
) -> RegisteredScorer:
    """Return the registration of a scorer that needs nothing from outside."""
    return RegisteredScorer(name, scores, lambda _: nullcontext(scorer), applies)


class Scoring:
    """The opened scorers of one experiment: scores samples by all of them."""

    def __init__(self, opened: Sequence[tuple[RegisteredScorer, Scorer]]) -> None:
        stages = [one.stage for one, _ in opened]
        self._opened = [
            # The stage that ends with a scorer: of several that follow each other only the last one says so.
            (one, frozenset(score.name for score in one.scores), scorer, stage if stage != after else None)
            for (one, scorer), stage, after in zip(opened, stages, [*stages[1:], None], strict=True)
        ]

    async def __call__(self, sample: ScoredSample, clock: StageClock = UNTIMED) -> list[Score]:
        """Return all scores of a sample; those of a scorer that raised are unscored, never 0.

        Args:
            sample: to be scored.
            clock: told when scoring and judging end.
        """
        scores: list[Score] = []
        for registered, names, scorer, ending in self._opened:
            try:
                found = await scorer(sample)
                if not names.issuperset([score.name for score in found]):
                    raise LookupError("a score that its registration does not describe")
                scores += found
            except Exception as error:  # noqa: BLE001 - a crashed scorer is no reason to lose the answer
                reason = f"the scorer failed ({sentence_of(error)})"
                scores += [Score(score.name, None, reason[:_MAX_REASON]) for score in registered.scores]
            if ending is not None:
                clock.lap(ending)
        return scores


_MAX_REASON = 200  # characters of a stored reason


@asynccontextmanager
async def open_scoring(
    scorers: Sequence[RegisteredScorer], resources: ScorerResources
) -> AsyncIterator[Scoring]:
    """Open ``scorers`` for an experiment, and close them behind it.

    Raises:
        ScorerUnavailable: if one cannot be opened.
    """
    async with AsyncExitStack() as stack:
        opened = [(one, await stack.enter_async_context(one.open(resources))) for one in scorers]
        yield Scoring(opened)
