"use client";

import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { flushSync } from "react-dom";

import { Message, ToolCalls } from "@/components/run/message";
import { Verbatim } from "@/components/text/verbatim";
import { formatCount } from "@/lib/format";
import { cn } from "@/lib/utils";

import type { CallView } from "./calls";
import { Thinking } from "./thinking";

const idOf = (place: number) => `call-${place + 1}`;

/** Which calls are expanded, and a function that expands one and focuses it. */
export function useExpandedCalls() {
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const set = (place: number, on: boolean) =>
    setOpen((before) => {
      const after = new Set(before);
      if (on) after.add(place);
      else after.delete(place);
      return after;
    });
  const goTo = (place: number) => {
    // A collapsed call cannot be focused.
    flushSync(() => set(place, true));
    const body = document.getElementById(idOf(place));
    if (!body) return;
    body.parentElement?.scrollIntoView({ block: "start" });
    body.focus({ preventScroll: true });
  };
  return { open, set, goTo };
}

interface CallAccordionProps {
  calls: CallView[];
  expanded: ReturnType<typeof useExpandedCalls>;
  /** The step that a call belongs to, from 0. */
  stepOf: ReadonlyMap<number, number>;
}

/** The model calls of an agent, each collapsed to its tokens and latency. */
export function CallAccordion({ calls, expanded, stepOf }: CallAccordionProps) {
  return (
    <section aria-label="Model calls" className="min-w-0 divide-y rounded-md border">
      <h3 className="bg-line/30 px-3 py-1.5 font-sans text-xs font-medium">Model calls</h3>
      {calls.map((call, place) => {
        const open = expanded.open.has(place);
        const step = stepOf.get(place);
        return (
          <div key={place} className="scroll-mt-18">
            <button
              type="button"
              aria-expanded={open}
              aria-controls={open ? idOf(place) : undefined}
              onClick={() => expanded.set(place, !open)}
              className="flex w-full items-start gap-1.5 rounded-md px-3 py-2 text-left text-xs -outline-offset-2"
            >
              <ChevronRight aria-hidden="true" className={cn("mt-px size-3.5 shrink-0 transition-transform", open && "rotate-90")} />
              <span className="flex flex-1 flex-wrap gap-x-2">
                <span className="font-medium text-ink">Call {formatCount(place + 1)}</span>
                {step !== undefined && <span>step {formatCount(step + 1)}</span>}
                {call.error && <span className="text-bad">✗ failed</span>}
                <span className="num sm:ml-auto">{call.usage}</span>
              </span>
            </button>
            {open && (
              <div id={idOf(place)} role="group" tabIndex={-1} aria-label={`Prompt and response of call ${place + 1}`} className="flex flex-col gap-2 px-3 pt-1 pb-3 -outline-offset-2">
                <Exchange call={call} />
              </div>
            )}
          </div>
        );
      })}
    </section>
  );
}

/** A call in full: prompt, tools, output constraint and response. */
function Exchange({ call }: { call: CallView }) {
  const { messages, tools, constraint, text, toolCalls, error } = call;
  return (
    <>
      {messages.map((message, at) => (
        <Message key={at} message={message} label="Prompt as sent" />
      ))}
      {tools && <Verbatim label="Tools offered">{tools}</Verbatim>}
      {constraint && <Verbatim label={`Output constraint, ${constraint.kind}`}>{constraint.text}</Verbatim>}
      <Thinking label="Thinking">{call.thinking}</Thinking>
      {(text !== "" || (toolCalls.length === 0 && !error)) && <Verbatim label="Response">{text}</Verbatim>}
      <ToolCalls calls={toolCalls} label="Response" />
      {error && <p className="[overflow-wrap:anywhere] text-bad">{error}</p>}
    </>
  );
}

/** The prompts of a run’s calls; where calls vote (self-consistency), also the response and vote of each. */
export function CallSequence({ calls }: { calls: CallView[] }) {
  return calls.map((call, index) => {
    const before = calls.length > 1 ? `Call ${index + 1}: ` : "";
    return (
      <div key={index} className="flex flex-col gap-2">
        {call.messages.map((message, at) => (
          <Message key={at} message={message} label={`${before}Prompt as sent`} />
        ))}
        <Thinking label={`${before}Thinking`}>{call.thinking}</Thinking>
        {call.vote && <Verbatim label={`Call ${index + 1}: response, ${call.vote}`}>{call.text}</Verbatim>}
        <ToolCalls calls={call.toolCalls} label={before ? `${before}response` : "Response"} />
      </div>
    );
  });
}
