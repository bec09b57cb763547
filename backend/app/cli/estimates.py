"""What experiments would take, before they run: by what was measured, or by a pilot of a few questions."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass

import typer

from app.cli.client import say
from app.cli.render import print_json
from app.client.api import Api
from app.domain.json import JsonObject
from app.domain.rounding import dollars
from app.schemas.comparison import ComparisonEstimate
from app.schemas.preview import EstimateOut, PreviewOut

_NAME_LENGTH = 80  # of a pilot, without what says that it is one


def estimates_of(api: Api, config: JsonObject) -> list[tuple[str, EstimateOut]]:
    """Return the estimate of an experiment, or those of the experiments of a comparison, with their names."""
    if "variants" not in config:
        preview = api.post("/experiments/preview", PreviewOut, json={"config": config})
        return [(str(config["name"]), preview.estimate)]
    found = api.post("/comparisons/estimate", ComparisonEstimate, json={"config": config})
    return [(one.name, one.estimate) for one in found.variants]


def show_estimates(estimates: Sequence[tuple[str, EstimateOut]]) -> None:
    """Print estimates for a person, and what would make them better."""
    for name, one in estimates:
        say(f"{name}: {_amounts(one)}")
        say(f"  {one.basis}")
    if len(estimates) > 1:
        costs = [one.cost_usd for _, one in estimates]
        known = [cost for cost in costs if cost is not None]
        total = dollars(sum(known)) if len(known) == len(costs) else "cost unknown"
        say(f"all: {sum(one.calls for _, one in estimates):,} calls, {total}")
    if any(not one.measured_questions for _, one in estimates):
        say("Nothing was measured with this model, method and dataset: --pilot 20 asks 20 questions first.")


def _amounts(one: EstimateOut) -> str:
    tokens = f"{one.prompt_tokens + one.completion_tokens:,} tokens"
    if one.tokens_low is not None:
        tokens += f" [{one.tokens_low:,}, {one.tokens_high:,}]"
    cost = "cost unknown" if one.cost_usd is None else dollars(one.cost_usd)
    if one.cost_low_usd is not None:
        cost += f" [{dollars(one.cost_low_usd)}, {dollars(one.cost_high_usd)}]"
    return f"{one.calls:,} calls, {tokens}, {cost}"


def pilot_of(config: JsonObject, questions: int) -> JsonObject:
    """Return the configuration of a pilot: the same on the first questions of its sample.

    Its answers are in the cache when the whole runs, so that nothing is paid twice.
    """
    pilot = deepcopy(config)
    whole = pilot.get("base", pilot)
    whole["dataset"] = {**whole["dataset"], "n": questions}
    pilot["name"] = f"{str(pilot['name'])[:_NAME_LENGTH]} (pilot)"
    if "variants" in pilot:
        pilot["stop"] = "all"
    return pilot


def wants_pilot(estimates: Sequence[tuple[str, EstimateOut]], questions: int) -> bool:
    """Return whether a pilot would tell more than what was measured, and is smaller than the whole."""
    return any(one.measured_questions < questions < one.questions for _, one in estimates)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What is wanted before an experiment or a comparison runs.

    Attributes:
        dry_run: only the estimate.
        pilot: questions to ask first, where nothing is known; ``None``: no pilot.
        yes: go on without asking.
        as_json: print the estimates as JSON.
    """

    dry_run: bool = False
    pilot: int | None = None
    yes: bool = False
    as_json: bool = False

    def goes_on(self, api: Api, config: JsonObject, run_pilot: Callable[[JsonObject], None]) -> bool:
        """Print the estimate if one is wanted, after a pilot if that tells more; return whether to run.

        Args:
            api: of the platform.
            config: of an experiment or of a comparison.
            run_pilot: runs one to its end.

        Raises:
            typer.Abort: if the user does not want to run it.
        """
        if not self.dry_run and self.pilot is None:
            return True
        found = estimates_of(api, config)
        if self.pilot is not None and wants_pilot(found, self.pilot):
            say(f"pilot: {self.pilot} questions")
            run_pilot(pilot_of(config, self.pilot))
            found = estimates_of(api, config)
        if self.as_json and self.dry_run:
            print_json([{"name": name, "estimate": one} for name, one in found])
        else:
            show_estimates(found)
        if not self.dry_run and not self.yes:
            typer.confirm("Run it?", abort=True, err=True)
        return not self.dry_run
