"use client";

import { type KeyboardEvent, type ReactNode, useId, useState } from "react";

import { namedValues } from "@/components/run/chat";
import { Marked } from "@/components/text/marked";
import { ShortText, textButton, useFolded } from "@/components/text/long-text";
import { useClipped } from "@/components/text/use-clipped";
import { Badge } from "@/components/ui/badge";
import { formatCount, formatDuration, plural } from "@/lib/format";
import { fromFirstMark, hasMark, type Segment } from "@/lib/highlight";
import { cutSegments } from "@/lib/long-text";
import { cn } from "@/lib/utils";

import { ToolBadge } from "./tool-badge";
import { badgesOf, type Step, usageOfStep } from "./trace-prepare";

type Use = NonNullable<Step["use"]>;

/** Most characters before the first mark while an observation is collapsed. */
const MAX_LEAD = 120;
/** Most characters while an observation is collapsed: more than its lines hold. */
const COLLAPSED = 2_000;
/** Characters of a thought, an argument or an answer before the reader asks for all. */
const WRITTEN = 1_500;

interface TraceStepProps {
  step: Step;
  place: number;
  /** The observation, with the answer marked in it. */
  observation: Segment[];
  source: boolean;
  /** The step that Tab focuses. */
  current: boolean;
  /** The last step. */
  end: boolean;
  element: (item: HTMLLIElement | null) => void;
  onFocus: () => void;
  onCall: (place: number) => void;
}

/** One step of an agent: thought, action, observation, answer. */
export function TraceStep({ step, place, observation, source, current, end, element, onFocus, onCall }: TraceStepProps) {
  const id = useId();
  const [open, setOpen] = useState(false);
  const tabIndex = current ? 0 : -1;
  const { use, answer, calls } = step;
  const onKeyDown = (event: KeyboardEvent<HTMLLIElement>) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [call] = calls;
    if (event.key === "c" && call !== undefined) {
      event.preventDefault();
      onCall(call);
    } else if ((event.key === "Enter" || event.key === " ") && event.target === event.currentTarget) {
      event.preventDefault();
      setOpen(!open);
    }
  };
  return (
    <li
      ref={element}
      tabIndex={tabIndex}
      aria-current={current ? "step" : undefined}
      aria-labelledby={id}
      onFocus={onFocus}
      onKeyDown={onKeyDown}
      className="grid scroll-my-2 grid-cols-[1.5rem_minmax(0,1fr)] gap-x-2.5 rounded-md px-3 pt-3 -outline-offset-2"
    >
      <div aria-hidden="true" className="flex flex-col items-center">
        <span
          className={cn(
            "num flex size-6 shrink-0 items-center justify-center rounded-full border text-xs font-medium",
            source ? "border-good/40 bg-good/8 text-good" : "bg-paper text-ink",
          )}
        >
          {place + 1}
        </span>
        {!end && <span className="-mb-3 w-px flex-1 bg-line" />}
      </div>
      <div className="flex min-w-0 flex-col gap-2 pb-3">
        <div className="flex min-h-6 flex-wrap items-center gap-x-2 gap-y-1">
          <span id={id} className="text-xs font-medium text-ink">
            Step {formatCount(place + 1)}
          </span>
          {step.last && <Badge>final answer prompt</Badge>}
          {step.repaired && <Badge tone="warn">repaired</Badge>}
          {source && <Badge tone="good">✓ source of the answer</Badge>}
          <span className="num flex flex-wrap items-center gap-x-2 text-xs sm:ml-auto">
            {usageOfStep(step)}
            {calls.map((call) => (
              <button key={call} type="button" tabIndex={tabIndex} onClick={() => onCall(call)} className={`${textButton} text-xs`}>
                Call {formatCount(call + 1)}
              </button>
            ))}
          </span>
        </div>
        <dl className="grid gap-x-3 gap-y-0.5 sm:grid-cols-[5.5rem_minmax(0,1fr)] sm:gap-y-2">
          {step.thought !== "" && (
            <Part label="Thought">
              <p dir="auto" className="verbatim text-ink">
                <ShortText limit={WRITTEN}>{step.thought}</ShortText>
              </p>
            </Part>
          )}
          {use && (
            <>
              <Part label="Action">
                <Action use={use} />
              </Part>
              <Part label="Observation">
                <Observation use={use} segments={observation} open={open} tabIndex={tabIndex} onOpen={setOpen} />
              </Part>
            </>
          )}
          {answer !== null ? (
            <Part label="Answer">
              <p dir="auto" className="verbatim font-semibold text-ink">
                <ShortText limit={WRITTEN}>{answer}</ShortText>
              </p>
            </Part>
          ) : (
            !use && <Part label="Action">{step.last ? "No answer was given." : "No action could be parsed from the output."}</Part>
          )}
        </dl>
      </div>
    </li>
  );
}

function Part({ label, children }: { label: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-xs leading-5">{label}</dt>
      <dd className="mb-1.5 min-w-0 sm:mb-0">{children}</dd>
    </>
  );
}

function Action({ use }: { use: Use }) {
  return (
    <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
      <ToolBadge tool={use.tool} />
      {namedValues(use.arguments).map(([name, text]) => (
        <span key={name} className="max-w-full">
          <bdi className="text-xs [overflow-wrap:anywhere]">{name}</bdi> <span dir="auto" className="verbatim text-ink">
            <ShortText limit={WRITTEN}>{text}</ShortText>
          </span>
        </span>
      ))}
      {badgesOf(use).map(({ label, tone }) => (
        <Badge key={label} tone={tone}>
          {label}
        </Badge>
      ))}
      <span className="num text-xs">{use.repeated ? "not executed again" : use.duration_s > 0 && formatDuration(use.duration_s * 1000)}</span>
    </div>
  );
}

interface ObservationProps {
  use: Use;
  segments: Segment[];
  open: boolean;
  tabIndex: number;
  onOpen: (open: boolean) => void;
}

/** What the model was shown, collapsed to three lines. */
function Observation({ use, segments, open, tabIndex, onOpen }: ObservationProps) {
  const { ref, clipped } = useClipped<HTMLParagraphElement>(open);
  const shown = open || !hasMark(segments) ? segments : fromFirstMark(segments, MAX_LEAD);
  const all = useFolded(use.observation, segments, true);
  const more = clipped || shown[0]?.text !== segments[0]?.text;
  return (
    <div className="flex flex-col items-start gap-1">
      <p ref={ref} dir="auto" className={cn("verbatim max-w-full text-ink", !open && "line-clamp-3")}>
        {open ? all.content : <Marked segments={cutSegments(shown, COLLAPSED)} strong fallback="(empty)" />}
      </p>
      {open && all.controls}
      {more && (
        <button type="button" tabIndex={tabIndex} aria-expanded={open} onClick={() => onOpen(!open)} className={`${textButton} text-xs`}>
          {open ? "Show less" : "Show all"}
        </button>
      )}
      {use.cut > 0 && <p className="num text-xs">Truncated: {plural(use.cut, "more character")} of the result were not shown to the model.</p>}
    </div>
  );
}
