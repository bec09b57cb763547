"""The table of a report on experiments whose questions were asked repeatedly."""

from app.domain.scoring import scoring_rule
from app.services.report.repeats_section import repeats_markdown
from app.services.results.repeats import Repeats, repeats_of
from app.services.runs.repeats_repository import RepeatedRun


def repeats(*answers: tuple[str, float], times: int = 2) -> Repeats:
    runs = [
        RepeatedRun(str(place // times), "?", str(place // times), None, False, answer, score)
        for place, (answer, score) in enumerate(answers)
    ]
    return repeats_of(runs, "exact_match", scoring_rule("triviaqa"), times, 0)


def test_a_row_for_each_experiment() -> None:
    one = repeats(("a", 1.0), ("b", 0.0), ("c", 1.0), ("c", 1.0))
    equal = repeats(("a", 1.0), ("a", 1.0))
    text = repeats_markdown([("plain | bare", one), ("equal", equal)])
    assert "| pass@2 | pass^2 |" in text
    assert "| plain \\| bare | 50.0 % [" in text
    assert "| equal | 0.0 % [" in text
    assert text.count("| – |") == 1  # no variance to divide


def test_graded_scores_have_no_right_and_wrong() -> None:
    runs = [RepeatedRun("1", "?", "1", None, False, "a", 0.5)] * 2
    found = repeats_of(runs, "f1", scoring_rule("triviaqa"), 2, 0)
    assert "pass" not in repeats_markdown([("one", found)])
