"""How agents ended, how many steps they took, and what came of their tool uses."""

from collections import Counter
from collections.abc import Sequence

from app.domain.metrics import AgentStatistics, Estimate, ToolUses
from app.domain.trace import AgentOutcome, TraceSummary
from app.services.evaluation.statistics.means import amount_mean, share

OTHER_TOOLS = "(other names)"
_NAMED_TOOLS = 12  # models invent tool names, any number of them


def agent_statistics(
    traces: Sequence[TraceSummary], seed: int, units: Sequence[str] | None = None
) -> AgentStatistics | None:
    """Return what became of the agents of an experiment; ``None`` if there were none.

    Args:
        traces: of all runs that have one.
        seed: of the bootstrap.
        units: of each trace; equal for runs that are not independent, such as repeats of one question.
    """
    if not traces:
        return None
    outcomes = Counter(trace["outcome"] for trace in traces)
    return AgentStatistics(
        runs=len(traces),
        outcomes={outcome.value: outcomes[outcome.value] for outcome in AgentOutcome},
        success_rate=_rate(traces, AgentOutcome.ANSWERED, units),
        stuck_rate=_rate(traces, AgentOutcome.STUCK, units),
        iterations=amount_mean([float(trace["iterations"]) for trace in traces], units, seed),
        repairs=sum(trace["repairs"] for trace in traces),
        tools=_tools(traces),
        failed_uses=_failed_uses(traces, units or [str(run) for run in range(len(traces))]),
    )


def _rate(traces: Sequence[TraceSummary], outcome: AgentOutcome, units: Sequence[str] | None) -> Estimate:
    return share([float(trace["outcome"] == outcome) for trace in traces], units)


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


def _failed_uses(traces: Sequence[TraceSummary], units: Sequence[str]) -> Estimate | None:
    """Return the share of tool uses that failed; uses of a run belong together: errors lead to errors."""
    failed: list[float] = []
    labels: list[str] = []
    for unit, trace in zip(units, traces, strict=True):
        for counts in trace["uses"].values():
            uses = sum(counts.values())
            failed += [1.0] * counts["failed"] + [0.0] * (uses - counts["failed"])
            labels += [unit] * uses
    return share(failed, labels) if failed else None
