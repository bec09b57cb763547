"""Questions to look at by hand: where the experiments differ, with what each answered."""

from collections.abc import Sequence

from app.core.markdown import code, plain
from app.schemas.comparison import Compared
from app.schemas.result import ComparedExample, RunSummary

_LONGEST = 600
"""Characters of an output that are shown."""


def examples_markdown(
    examples: Sequence[ComparedExample], total: int, experiments: Sequence[Compared], score: str
) -> str:
    """Return questions with the output of each experiment."""
    words = score.replace("_", " ")
    shown = f"The first {len(examples)} of these, in the order of the dataset:"
    lines = [f"They differ in {words} on {total:,} questions. {shown}"]
    for number, example in enumerate(examples, 1):
        lines += ["", f"**{number}. {plain(example.question)}**", ""]
        lines += [f"Accepted: {plain('; '.join(example.gold))}"]
        for experiment, run in zip(experiments, example.runs, strict=True):
            lines += ["", f"{plain(experiment.label)}: {_judged(run, score)}", *_output(run)]
    return "\n".join(lines)


def _judged(run: RunSummary | None, score: str) -> str:
    if run is None:
        return "not asked"
    if run.status == "failed":
        return f"failed ({plain(run.failure_kind or 'unknown')})"
    found = run.scores.get(score)
    value = "unscored" if found is None or found.value is None else f"{found.value:g}"
    return f"read as “{plain(run.answer or '')}”, {plain(score.replace('_', ' '))} {value}"


def _output(run: RunSummary | None) -> list[str]:
    if run is None or not run.output:
        return []
    cut = len(run.output) > _LONGEST or (run.output_length or 0) > len(run.output)
    return ["", code(run.output[:_LONGEST] + ("…" if cut else ""))]
