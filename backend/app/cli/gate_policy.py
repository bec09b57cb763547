"""The command ``gate --policy``: several datasets and scores, with rules of three tiers."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from app.cli.client import connected
from app.cli.files import not_valid, read_mapping
from app.cli.gate_outcome import GateCase, GateOutcome
from app.core.markdown import plain, table
from app.core.visible import visible
from app.domain.rounding import interval_in_points, percent, signed_points
from app.schemas.gate import GateOut, GatePolicy, GateRuleOut
from app.services.evaluation.statistics.noninferiority import Decision

_HEAD = ("tier", "dataset", "score", "decision", "difference", "interval", "margin")


def read_policy(path: Path) -> GatePolicy:
    """Return the policy in a file.

    Raises:
        typer.Exit: after printing what is wrong.
    """
    raw = read_mapping(path, "a policy", "name and rules")
    try:
        return GatePolicy.model_validate(raw)
    except ValidationError as error:
        raise not_valid(path, error, "policy") from error


def by_policy(file: Path, baselines: Sequence[str], candidates: Sequence[str]) -> GateOutcome:
    """Decide by the rules of a file.

    Raises:
        typer.Exit: if the file or an id is wrong.
    """
    policy = read_policy(file)
    with connected(start=False) as api:
        body = {
            "policy": policy.model_dump(mode="json", exclude_none=True),
            "baselines": [str(api.resolve(one)) for one in baselines],
            "candidates": [str(api.resolve(one)) for one in candidates],
        }
        found = api.post("/gates", GateOut, json=body)
    warnings = list(dict.fromkeys(line for one in found.rules for line in one.warnings))
    lines = [_line(one) for one in found.rules]
    text = [found.message, *lines, *found.notes, *(f"warning: {line}" for line in warnings)]
    return GateOutcome(
        Decision(found.decision),
        found.message,
        visible("\n".join(text)),
        _markdown(found, warnings),
        [_case(one) for one in found.rules],
        found.model_dump(mode="json"),
    )


def _line(rule: GateRuleOut) -> str:
    return f"  {rule.decision:<11}  {rule.tier:<10}  {rule.message}"


def _case(rule: GateRuleOut) -> GateCase:
    return GateCase(
        f"{rule.tier}: {rule.score} on {rule.dataset}",
        Decision(rule.decision),
        f"{rule.decision.upper()}: {rule.message}",
        "\n".join([rule.message, *(f"warning: {line}" for line in rule.warnings)]),
        counts=rule.tier != "advisory",
    )


def _markdown(found: GateOut, warnings: Sequence[str]) -> str:
    rows = [
        [rule.tier, plain(rule.dataset), plain(rule.score), rule.decision, *_figures(rule)]
        for rule in found.rules
    ]
    lines = [*table(_HEAD, rows), "", *(f"> **Warning:** {plain(line)}" for line in warnings)]
    return "\n".join(
        [*lines, *(f"- {plain(rule.message)}" for rule in found.rules), *map(plain, found.notes)]
    )


def _figures(rule: GateRuleOut) -> list[str]:
    margin = f"{'±' if rule.equivalence else '−'}{100 * rule.margin:g}"
    if rule.difference is None or rule.low is None or rule.high is None or rule.level is None:
        return ["–", "–", margin]
    interval = f"{interval_in_points(rule.low, rule.high)}, {percent(rule.level)}"
    return [signed_points(rule.difference), interval, margin]
