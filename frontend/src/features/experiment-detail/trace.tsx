"use client";

import { type KeyboardEvent, useId, useRef, useState } from "react";

import { Badge } from "@/components/ui/badge";
import { formatCount } from "@/lib/format";

import { ToolBadge } from "./tool-badge";
import { describeSource, describeSteps, markObservation, describeOutcome, stepByKey, type Trace, callsByTool } from "./trace-prepare";
import { TraceStep } from "./trace-step";

interface TraceTimelineProps {
  trace: Trace;
  /** Goes to a model call of the run, from 0. */
  onCall: (place: number) => void;
}

/** The steps of an agent for one question: one tab stop, within which keys move. */
export function TraceTimeline({ trace, onCall }: TraceTimelineProps) {
  const hint = useId();
  const [current, setCurrent] = useState(0);
  const items = useRef<(HTMLLIElement | null)[]>([]);
  const { steps, summary } = trace;
  const onKeyDown = (event: KeyboardEvent) => {
    const to = event.ctrlKey || event.metaKey || event.altKey ? undefined : stepByKey(event.key, current, steps.length);
    if (to === undefined) return;
    event.preventDefault();
    items.current[to]?.focus({ preventScroll: true });
    items.current[to]?.scrollIntoView({ block: "nearest" });
  };
  return (
    <section aria-label="Trace" className="min-w-0 rounded-md border">
      <Summary trace={trace} />
      {steps.length === 0 ? (
        <p className="px-3 py-3">The agent took no step.</p>
      ) : (
        <>
          <p id={hint} className="hidden px-3 pt-2 text-xs sm:block">
            Keys: <Key>↑</Key> <Key>↓</Key> or <Key>k</Key> <Key>j</Key> move, <Key>Home</Key> and <Key>End</Key> go to the ends, <Key>Enter</Key> opens an
            observation, <Key>c</Key> goes to the model call.
          </p>
          <ol aria-label="Steps" aria-describedby={hint} onKeyDown={onKeyDown}>
            {steps.map((step, place) => (
              <TraceStep
                key={place}
                step={step}
                place={place}
                observation={markObservation(trace, place)}
                source={place === summary.source}
                current={place === current}
                end={place === steps.length - 1}
                element={(item) => {
                  items.current[place] = item;
                }}
                onFocus={() => setCurrent(place)}
                onCall={onCall}
              />
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

function Key({ children }: { children: string }) {
  return <kbd className="rounded-sm border px-1 font-sans text-ink">{children}</kbd>;
}

/** The outcome of the agent with its reason, steps and tool calls. */
function Summary({ trace }: { trace: Trace }) {
  const { summary } = trace;
  const { label, tone } = describeOutcome(summary.outcome);
  const tools = callsByTool(summary.uses);
  return (
    <header className="flex flex-col gap-1.5 border-b bg-line/30 px-3 py-2">
      <h3 className="flex flex-wrap items-center gap-x-2 gap-y-1 font-sans text-xs font-medium">
        Agent trace
        <Badge tone={tone}>{label}</Badge>
        <span className="num font-normal text-muted">{describeSteps(summary)}</span>
      </h3>
      {summary.reason && <p className="[overflow-wrap:anywhere] text-ink">{summary.reason}</p>}
      <p className="text-xs">{describeSource(trace)}</p>
      {tools.length > 0 && (
        <ul aria-label="Tool calls" className="num flex flex-wrap gap-x-4 gap-y-1 text-xs">
          {tools.map(({ tool, total, results }) => (
            <li key={tool} className="flex min-w-0 flex-wrap items-center gap-1.5">
              <ToolBadge tool={tool} />
              <span>
                {formatCount(total)}: {results}
              </span>
            </li>
          ))}
        </ul>
      )}
    </header>
  );
}
