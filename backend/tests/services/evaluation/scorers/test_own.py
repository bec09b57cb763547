"""Scorers of one's own, loaded from files."""

import os
import sys
import time
from pathlib import Path

import pytest

from app.domain.examples import Example
from app.domain.prediction import ParsedAnswer, ParseOutcome, Prediction, ScoredSample
from app.domain.scoring import Score
from app.services.evaluation.scorers.base import Scoring
from app.services.evaluation.scorers.own import OwnScorer, load_own_scorers
from app.services.evaluation.scorers.registry import SCORERS, ScorerRegistry

GOOD = '''"""The answer has at most three words.

More about it."""
NAME = "few_words"
VERSION = 2
KIND = "binary"

def score(sample):
    words = len((sample.answer or "").split())
    return words <= 3, f"{words} words"
'''


def written(folder: Path, **files: str) -> list[Path]:
    """Write files, and return their paths in order."""
    paths = []
    for name, text in sorted(files.items()):
        path = folder / f"{name}.py"
        path.write_text(text)
        paths.append(path)
    return paths


def sample(answer: str | None = "an answer") -> ScoredSample:
    parsed = ParsedAnswer(answer, ParseOutcome.ANSWERED, "first_line")
    example = Example("0", "Which?", ("an answer",), None, {"topic": "a"})
    return ScoredSample(example, Prediction(answer or "", parsed, ()), "squad")


async def scored(folder: Path, body: str, kind: str = "graded", limit_s: float = 5.0) -> Score:
    """Score a sample by a function with this body."""
    text = f'NAME = "own"\nVERSION = 1\nKIND = "{kind}"\ndef score(sample):\n    {body}\n'
    (path,) = written(folder, own=text)
    (found,) = load_own_scorers([path], frozenset()).scorers
    scorer = OwnScorer(found.scores[0], sys.modules["llmforge_own_scorer_own"].score, path, limit_s)
    (score,) = await Scoring([(found, scorer)])(sample())
    scorer.close()
    return score


async def test_a_file_is_a_scorer(tmp_path: Path) -> None:
    own = load_own_scorers(written(tmp_path, few=GOOD), frozenset())
    (scorer,) = own.scorers
    (about,) = scorer.scores
    assert own.problems == ()
    assert (about.name, about.version, about.kind, about.label) == ("few_words", 2, "binary", "Few words")
    assert about.help == "The answer has at most three words."
    assert scorer.applies is None  # used only where a configuration names it
    async with scorer.open(None) as opened:  # type: ignore[arg-type]  # it uses no resources
        assert list(await opened(sample("one two"))) == [Score("few_words", 1.0, "2 words")]
        assert list(await opened(sample("one two three four"))) == [Score("few_words", 0.0, "4 words")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def score(:", "Line 1 is no Python: "),
        ("import no_such_module_at_all", "It cannot be loaded: bad.py, line 1: ModuleNotFoundError"),
        ("raise SystemExit", "It cannot be loaded: bad.py, line 1: SystemExit"),
        ("VERSION = 1\ndef score(s): return 1", "It needs a NAME"),
        ('NAME = "Few Words"', "It needs a NAME of lower-case letters"),
        ('NAME = "few"', "It needs a VERSION"),
        ('NAME = "few"\nVERSION = True\ndef score(s): return 1', "It needs a VERSION"),
        ('NAME = "few"\nVERSION = 1\nKIND = "stars"', "Its KIND must be binary or graded."),
        ('NAME = "few"\nVERSION = 1', "It needs a function"),
        (
            'NAME = "exact_match"\nVERSION = 1\ndef score(s): return 1',
            "There is another scorer 'exact_match'",
        ),
    ],
)
def test_a_file_that_is_wrong_harms_no_other(tmp_path: Path, text: str, message: str) -> None:
    own = load_own_scorers(written(tmp_path, bad=text, good=GOOD), frozenset({"exact_match"}))
    assert [one.name for one in own.scorers] == ["few_words"]
    (problem,) = own.problems
    assert problem.file == "bad.py"
    assert problem.message.startswith(message)


@pytest.mark.parametrize(
    ("body", "value", "reason"),
    [
        ("return 0.25", 0.25, ""),
        ("return True, 'because'", 1.0, "because"),
        ("return None", None, "the scorer gave none"),
        ("return None, 'not asked'", None, "not asked"),
        ("return sample.metadata['topic'] == 'a'", 1.0, ""),
        ("return 1 / 0", None, "the scorer failed (own.py, line 5: ZeroDivisionError: division by zero)"),
        ("raise SystemExit(3)", None, "the scorer failed (own.py, line 5: SystemExit: 3)"),
        ("return 1.5", None, "the scorer failed (own.py returned 1.5, and not a number from 0 to 1)"),
        (
            "return float('nan')",
            None,
            "the scorer failed (own.py returned nan, and not a number from 0 to 1)",
        ),
        ("return '1'", None, "the scorer failed (own.py returned '1', and not a number from 0 to 1)"),
        ("return {}", None, "the scorer failed (own.py returned {}, and not a number from 0 to 1)"),
    ],
)
async def test_what_a_function_returns(tmp_path: Path, body: str, value: float | None, reason: str) -> None:
    assert await scored(tmp_path, body) == Score("own", value, reason)


async def test_a_binary_score_is_0_or_1(tmp_path: Path) -> None:
    found = await scored(tmp_path, "return 0.5", "binary")
    assert found.reason == "the scorer failed (own.py returned 0.5, and its KIND is binary: 0 or 1)"


async def test_a_function_that_does_not_come_back_is_left(tmp_path: Path) -> None:
    started = time.monotonic()
    found = await scored(tmp_path, "import time; time.sleep(1.5); return 1", limit_s=0.1)
    assert found.value is None
    assert found.reason == "the scorer failed (own.py took more than 0.1 s for one answer)"
    assert time.monotonic() - started < 1.0


def test_the_registry_takes_over_what_changes(tmp_path: Path) -> None:
    registry = ScorerRegistry(SCORERS.built_in)
    registry.load_own(tmp_path / "nowhere")
    before = [one.name for one in registry.descriptions()]
    (path,) = written(tmp_path, few=GOOD)
    written(tmp_path, _helper="raise ValueError")
    registry.load_own(tmp_path)
    assert [one.name for one in registry.descriptions()] == [*before, "few_words"]
    assert registry.chosen_by_name()[-1] == "few_words"
    path.write_text(GOOD.replace("VERSION = 2", "VERSION = 3"))
    os.utime(path, ns=(1, 1))
    registry.load_own(tmp_path)
    assert registry.describe("few_words").version == 3
    path.unlink()
    registry.load_own(tmp_path)
    assert registry.get("few_words") is None
