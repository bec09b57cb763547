"""Aggregates of agents: how they ended, how many steps they took, and what became of their tools."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app.domain.trace import USE_CLASSES, AgentOutcome
from app.services.evaluation.statistics.clustered import clustered_mean
from app.services.evaluation.statistics.intervals import Interval, bca_mean, wilson

OTHER_TOOLS = "(other names)"
_NAMED_TOOLS = 12  # models make names up, and no end of them
Summary = Mapping[str, Any]
"""The ``summary`` of a stored trace; see ``domain.trace.Trace.as_dict``."""


def agent_metrics(traces: Sequence[Summary], seed: int) -> dict[str, Any] | None:
    """Return what became of the agents of an experiment; ``None`` if there were none.

    ``success_rate`` is the share that ended by giving an answer, right or wrong; ``failed_uses`` the
    share of all uses of tools that had no result.
    """
    if not traces:
        return None
    outcomes = Counter(str(trace["outcome"]) for trace in traces)
    return {
        "runs": len(traces),
        "outcomes": {outcome.value: outcomes[outcome.value] for outcome in AgentOutcome},
        "success_rate": asdict(wilson(outcomes[AgentOutcome.ANSWERED], len(traces))),
        "stuck_rate": asdict(wilson(outcomes[AgentOutcome.STUCK], len(traces))),
        "iterations": asdict(bca_mean([float(trace["iterations"]) for trace in traces], seed)),
        "repairs": sum(int(trace["repairs"]) for trace in traces),
        "tools": _tools(traces),
        "failed_uses": _failed_uses(traces),
    }


def _tools(traces: Sequence[Summary]) -> dict[str, dict[str, int]]:
    """Return the uses of each tool by class, summed; the most used first."""
    tools: dict[str, Counter[str]] = {}
    for trace in traces:
        for tool, counts in trace["uses"].items():
            tools.setdefault(tool, Counter()).update(counts)
    ordered = sorted(tools.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    named, others = ordered[:_NAMED_TOOLS], ordered[_NAMED_TOOLS:]
    if others:
        named.append((OTHER_TOOLS, sum((counts for _, counts in others), Counter())))
    return {tool: {kind: counts[kind] for kind in USE_CLASSES} for tool, counts in named}


def _failed_uses(traces: Sequence[Summary]) -> dict[str, Any] | None:
    """Return the share of uses that failed; those of one run are a cluster: one error brings the next."""
    failed: list[float] = []
    runs: list[int] = []
    for run, trace in enumerate(traces):
        for counts in trace["uses"].values():
            bad = int(counts["failed"])
            all_ = sum(int(value) for value in counts.values())
            failed += [1.0] * bad + [0.0] * (all_ - bad)
            runs += [run] * all_
    if not failed:
        return None
    clusters = len(set(runs))
    if clusters < 2 or len(set(failed)) == 1:
        # No spread to estimate from: as if the runs were the units.
        share = wilson(clusters if failed[0] else 0, clusters)
        return asdict(Interval(sum(failed) / len(failed), share.low, share.high, len(failed), "wilson"))
    mean = clustered_mean(failed, runs)
    low, high = max(0.0, mean.low), min(1.0, mean.high)
    return asdict(Interval(mean.value, low, high, len(failed), "clustered"))
