"""How agents ended, how many steps they took, and what came of their tool uses."""

from collections import Counter
from collections.abc import Sequence

from app.domain.metrics import AgentStatistics, Estimate, ToolUses
from app.domain.trace import AgentOutcome, TraceSummary
from app.services.evaluation.statistics.clustered import clustered_mean
from app.services.evaluation.statistics.intervals import bca_mean, wilson

OTHER_TOOLS = "(other names)"
_NAMED_TOOLS = 12  # models invent tool names, any number of them


def agent_statistics(traces: Sequence[TraceSummary], seed: int) -> AgentStatistics | None:
    """Return what became of the agents of an experiment; ``None`` if there were none."""
    if not traces:
        return None
    outcomes = Counter(trace["outcome"] for trace in traces)
    return AgentStatistics(
        runs=len(traces),
        outcomes={outcome.value: outcomes[outcome.value] for outcome in AgentOutcome},
        success_rate=wilson(outcomes[AgentOutcome.ANSWERED], len(traces)),
        stuck_rate=wilson(outcomes[AgentOutcome.STUCK], len(traces)),
        iterations=bca_mean([float(trace["iterations"]) for trace in traces], seed),
        repairs=sum(trace["repairs"] for trace in traces),
        tools=_tools(traces),
        failed_uses=_failed_uses(traces),
    )


def _tools(traces: Sequence[TraceSummary]) -> dict[str, ToolUses]:
    """Return the uses of each tool by class, summed; the most used first."""
    tools: dict[str, Counter[str]] = {}
    for trace in traces:
        for tool, counts in trace["uses"].items():
            tools.setdefault(tool, Counter()).update(counts)
    ordered = sorted(tools.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    named, others = ordered[:_NAMED_TOOLS], ordered[_NAMED_TOOLS:]
    if others:
        named.append((OTHER_TOOLS, sum((counts for _, counts in others), Counter())))
    return {
        tool: ToolUses(counts["successful"], counts["failed"], counts["unneeded"]) for tool, counts in named
    }


def _failed_uses(traces: Sequence[TraceSummary]) -> Estimate | None:
    """Return the share of tool uses that failed; each run is a cluster, since errors lead to errors."""
    failed: list[float] = []
    runs: list[int] = []
    for run, trace in enumerate(traces):
        for counts in trace["uses"].values():
            uses = sum(counts.values())
            failed += [1.0] * counts["failed"] + [0.0] * (uses - counts["failed"])
            runs += [run] * uses
    if not failed:
        return None
    clusters = len(set(runs))
    if clusters < 2 or len(set(failed)) == 1:
        # There is no spread to estimate from, so the interval is that of as many runs.
        share = wilson(clusters if failed[0] else 0, clusters)
        return Estimate(sum(failed) / len(failed), share.low, share.high, len(failed), "wilson")
    mean = clustered_mean(failed, runs)
    low, high = max(0.0, mean.low), min(1.0, mean.high)
    return Estimate(mean.value, low, high, len(failed), "clustered")
