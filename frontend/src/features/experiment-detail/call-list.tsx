"use client";

import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { flushSync } from "react-dom";

import { Asked, Message } from "@/components/run/message";
import { Verbatim } from "@/components/text/verbatim";
import { formatCount } from "@/lib/format";
import { cn } from "@/lib/utils";

import type { CallView } from "./calls";

const idOf = (place: number) => `call-${place + 1}`;

/** Which calls are open, and a way to go to one. */
export function useCallFolds() {
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const set = (place: number, on: boolean) =>
    setOpen((before) => {
      const after = new Set(before);
      if (on) after.add(place);
      else after.delete(place);
      return after;
    });
  const goTo = (place: number) => {
    // What is folded cannot be focused.
    flushSync(() => set(place, true));
    const body = document.getElementById(idOf(place));
    const fold = body?.parentElement;
    if (!body || !fold) return;
    const run = fold.closest("[role=region]");
    run?.scrollBy(0, fold.getBoundingClientRect().top - run.getBoundingClientRect().top);
    fold.firstElementChild?.scrollIntoView({ block: "nearest" });
    body.focus({ preventScroll: true });
  };
  return { open, set, goTo };
}

interface FoldedCallsProps {
  calls: CallView[];
  folds: ReturnType<typeof useCallFolds>;
  /** The step that a call belongs to, from 0. */
  stepOf: ReadonlyMap<number, number>;
}

/** The model calls of an agent, each folded away below what it took. */
export function FoldedCalls({ calls, folds, stepOf }: FoldedCallsProps) {
  return (
    <section aria-label="Model calls" className="min-w-0 divide-y rounded-md border">
      <h3 className="bg-line/30 px-3 py-1.5 font-sans text-xs font-medium">Model calls</h3>
      {calls.map((call, place) => {
        const open = folds.open.has(place);
        const step = stepOf.get(place);
        return (
          <div key={place}>
            <button
              type="button"
              aria-expanded={open}
              aria-controls={open ? idOf(place) : undefined}
              onClick={() => folds.set(place, !open)}
              className="flex w-full items-start gap-1.5 rounded-md px-3 py-2 text-left text-xs -outline-offset-2"
            >
              <ChevronRight aria-hidden="true" className={cn("mt-px size-3.5 shrink-0 transition-transform", open && "rotate-90")} />
              <span className="flex flex-1 flex-wrap gap-x-2">
                <span className="font-medium text-ink">Call {formatCount(place + 1)}</span>
                {step !== undefined && <span>step {formatCount(step + 1)}</span>}
                {call.error && <span className="text-bad">✗ not answered</span>}
                <span className="num sm:ml-auto">{call.took}</span>
              </span>
            </button>
            {open && (
              <div id={idOf(place)} role="group" tabIndex={-1} aria-label={`Prompt and answer of call ${place + 1}`} className="flex flex-col gap-2 px-3 pt-1 pb-3 -outline-offset-2">
                <Exchange call={call} />
              </div>
            )}
          </div>
        );
      })}
    </section>
  );
}

/** A call in full: what was sent, what the answer had to be like, and the answer. */
function Exchange({ call }: { call: CallView }) {
  const { messages, tools, constraint, text, asks, error } = call;
  return (
    <>
      {messages.map((message, at) => (
        <Message key={at} message={message} label="Prompt as sent" />
      ))}
      {tools && <Verbatim label="Tools offered">{tools}</Verbatim>}
      {constraint && <Verbatim label={`Form of the answer, ${constraint.kind}`}>{constraint.text}</Verbatim>}
      {(text !== "" || (asks.length === 0 && !error)) && <Verbatim label="Answered">{text}</Verbatim>}
      <Asked calls={asks} label="Answered" />
      {error && <p className="[overflow-wrap:anywhere] text-bad">{error}</p>}
    </>
  );
}

/** The prompts of a few calls, and what each answered where they vote. */
export function FlatCalls({ calls }: { calls: CallView[] }) {
  return calls.map((call, index) => {
    const before = calls.length > 1 ? `Call ${index + 1}: ` : "";
    return (
      <div key={index} className="flex flex-col gap-2">
        {call.messages.map((message, at) => (
          <Message key={at} message={message} label={`${before}Prompt as sent`} />
        ))}
        {call.vote && <Verbatim label={`Call ${index + 1}: answered, ${call.vote}`}>{call.text}</Verbatim>}
        <Asked calls={call.asks} label={`${before}answered`} />
      </div>
    );
  });
}
