"""Scorers of one's own: Python files of a folder that the settings name, each with one function.

A file is one scorer. It says ``NAME``, ``VERSION`` and, if it likes, ``LABEL`` and ``KIND``; its docstring
says what the score means; its function ``score`` takes an ``OwnSample`` and returns the score. Nothing but
the files of this folder is loaded, and the folder is on no search path. A file that cannot be loaded is a
problem for whoever names its scorer, and for nobody else.
"""

import asyncio
import hashlib
import re
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec
from pathlib import Path
from queue import SimpleQueue
from types import CodeType, ModuleType

from app.domain.json import JsonObject
from app.domain.prediction import ScoredSample
from app.domain.readable_errors import sentence_of
from app.domain.scoring import Score, ScoreDescription, ScoreKind
from app.services.evaluation.scorers.base import RegisteredScorer, Scorer, ScorerResources

GROUP = "own"
TIME_LIMIT_S = 10.0
"""That a function may take for one answer."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_PAIR = 2


@dataclass(frozen=True, slots=True)
class OwnSample:
    """What a scorer of one's own is given: a question and what became of it.

    Attributes:
        question: as the model was asked.
        accepted: the dataset's accepted answers, the canonical one first.
        output: what the model wrote.
        answer: the answer that was read from it; ``None`` if there is none.
        passages: texts that stood in the prompt, best first; empty if the method retrieves nothing.
        metadata: what the dataset says of the question besides (topic, difficulty, …).
    """

    question: str
    accepted: tuple[str, ...]
    output: str
    answer: str | None
    passages: tuple[str, ...]
    metadata: JsonObject


OwnFunction = Callable[[OwnSample], object]


@dataclass(frozen=True, slots=True)
class OwnProblem:
    """A file that gives no scorer.

    Attributes:
        file: its name.
        message: what is wrong with it, as a sentence.
    """

    file: str
    message: str


@dataclass(frozen=True, slots=True)
class OwnScorers:
    """What the files of a folder give.

    Attributes:
        scorers: in the order of their files' names.
        problems: of the other files.
        hashes: by name of the scorer, a hash of its file.
    """

    scorers: tuple[RegisteredScorer, ...] = ()
    problems: tuple[OwnProblem, ...] = ()
    hashes: frozenset[tuple[str, str]] = frozenset()


class OwnScorerError(Exception):
    """A scorer of one's own cannot be loaded, or has failed; the message is for the user."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def load_own_scorers(files: Sequence[Path], taken: frozenset[str]) -> OwnScorers:
    """Load scorers; a file that is wrong becomes a problem, and never an exception.

    Args:
        files: each with one scorer.
        taken: names that other scorers or their scores have.
    """
    scorers, problems, hashes, names = [], [], set(), set(taken)
    for file in files:
        try:
            source = file.read_bytes()
            scorer = _scorer_of(_run(file))
            if scorer.name in names:
                raise OwnScorerError(f"There is another scorer {scorer.name!r}; choose another NAME.")
        except OwnScorerError as error:
            problems.append(OwnProblem(file.name, str(error)))
        except OSError as error:
            problems.append(OwnProblem(file.name, f"It cannot be read ({error.strerror})."))
        else:
            names.add(scorer.name)
            scorers.append(scorer)
            hashes.add((scorer.name, hashlib.sha256(source).hexdigest()[:16]))
    return OwnScorers(tuple(scorers), tuple(problems), frozenset(hashes))


class _Loader(SourceFileLoader):
    """Reads the file each time: a compiled copy of an earlier content may have its time and size."""

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - as the protocol has it
        return self.source_to_code(self.get_data(self.path), self.path)


def _run(file: Path) -> ModuleType:
    """Run a file as a module."""
    name = f"llmforge_own_scorer_{file.stem}"
    spec = ModuleSpec(name, _Loader(name, str(file)), origin=str(file))
    spec.has_location = True
    module = module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses, say, look for it
    try:
        _Loader(name, str(file)).exec_module(module)
    except SyntaxError as error:
        raise OwnScorerError(f"Line {error.lineno} is no Python: {error.msg}.") from error
    except (Exception, SystemExit) as error:
        raise OwnScorerError(f"It cannot be loaded: {described(error, file)}.") from error
    return module


def _scorer_of(module: ModuleType) -> RegisteredScorer:
    """Return the scorer that a module describes.

    Raises:
        OwnScorerError: naming what is missing or wrong.
    """
    name, version = getattr(module, "NAME", None), getattr(module, "VERSION", None)
    function = getattr(module, "score", None)
    kinds: dict[object, ScoreKind] = {"binary": "binary", "graded": "graded"}
    kind = kinds.get(getattr(module, "KIND", "graded"))
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise OwnScorerError("It needs a NAME of lower-case letters, digits and _, as in NAME = 'few_words'.")
    if type(version) is not int or version < 1:
        raise OwnScorerError("It needs a VERSION, a whole number from 1, as in VERSION = 1.")
    if kind is None:
        raise OwnScorerError("Its KIND must be binary or graded.")
    if not callable(function):
        raise OwnScorerError("It needs a function: def score(sample): …")
    label = str(getattr(module, "LABEL", "") or name.replace("_", " ").capitalize())
    about = " ".join((module.__doc__ or "A scorer of one's own.").split("\n\n")[0].split())
    description = ScoreDescription(name, version, kind, GROUP, label, about)
    file = Path(str(module.__file__))

    @asynccontextmanager
    async def opened(_: ScorerResources) -> AsyncIterator[Scorer]:
        scorer = OwnScorer(description, function, file)
        try:
            yield scorer
        finally:
            scorer.close()

    return RegisteredScorer(name, (description,), opened)


class OwnScorer:
    """Calls a function of a user in a thread of its own, so that a slow one holds up nothing else.

    One that does not come back in time is not called again: the scores that it lacks are unscored.

    Args:
        description: of its score.
        function: gives the score.
        file: where it is, for messages.
        limit_s: seconds for one answer.
    """

    def __init__(
        self, description: ScoreDescription, function: OwnFunction, file: Path, limit_s: float = TIME_LIMIT_S
    ) -> None:
        self._description = description
        self._function = function
        self._file = file
        self._limit_s = limit_s
        self._one_at_a_time = asyncio.Lock()
        self._stuck = False
        self._work: SimpleQueue[tuple[OwnSample, asyncio.Future[object]] | None] = SimpleQueue()
        threading.Thread(target=self._serve, name=f"scorer {description.name}", daemon=True).start()

    def close(self) -> None:
        """End the thread, as soon as its last call comes back."""
        self._work.put(None)

    async def __call__(self, sample: ScoredSample) -> list[Score]:
        """See ``Scorer``.

        Raises:
            OwnScorerError: if the function fails, takes too long, or returns what is no score.
        """
        async with self._one_at_a_time:
            if self._stuck:
                raise OwnScorerError(f"{self._file.name} did not come back from an earlier answer")
            future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
            self._work.put((_given(sample), future))
            try:
                found = await asyncio.wait_for(future, self._limit_s)
            except TimeoutError:
                self._stuck = True
                raise OwnScorerError(
                    f"{self._file.name} took more than {self._limit_s:g} s for one answer"
                ) from None
        return [self._score(found)]

    def _score(self, found: object) -> Score:
        value, reason = found if isinstance(found, tuple) and len(found) == _PAIR else (found, "")
        name = self._description.name
        if value is None:
            return Score(name, None, str(reason) or "the scorer gave none")
        try:
            number = float(value)  # numbers of other libraries, too
        except (TypeError, ValueError):
            number = -1.0
        if isinstance(value, str) or not 0.0 <= number <= 1.0:
            raise OwnScorerError(f"{self._file.name} returned {value!r:.60}, and not a number from 0 to 1")
        if self._description.kind == "binary" and number not in {0.0, 1.0}:
            raise OwnScorerError(f"{self._file.name} returned {number:g}, and its KIND is binary: 0 or 1")
        return Score(name, number, str(reason))

    def _serve(self) -> None:
        """Answer one call after the other; runs in the thread."""
        while (job := self._work.get()) is not None:
            sample, future = job
            found: object
            try:
                found = self._function(sample)
            except BaseException as error:  # noqa: BLE001 - SystemExit, too, ends the call and nothing else
                found = OwnScorerError(described(error, self._file))
            try:
                future.get_loop().call_soon_threadsafe(_settle, future, found)
            except RuntimeError:  # the experiment ended while it was at work
                return


def _settle(future: "asyncio.Future[object]", found: object) -> None:
    if future.done():
        return
    if isinstance(found, OwnScorerError):
        future.set_exception(found)
    else:
        future.set_result(found)


def _given(sample: ScoredSample) -> OwnSample:
    prediction, example = sample.prediction, sample.example
    kept = (passage.chunk.searched for passage in prediction.passages or () if not passage.dropped)
    answer = prediction.answer.text
    return OwnSample(
        example.question, example.answers, prediction.output, answer, tuple(kept), dict(example.metadata)
    )


def described(error: BaseException, file: Path) -> str:
    """Return an error of a user's file as part of a sentence: where it was, its kind, and what it says."""
    lines = [one.lineno for one in traceback.extract_tb(error.__traceback__) if one.filename == str(file)]
    where = f"{file.name}, line {lines[-1]}: " if lines else f"{file.name}: "
    return f"{where}{sentence_of(error)}"
