"use client";

import { useCallback, useEffect, useState } from "react";

import { Verbatim } from "@/components/text/verbatim";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import { Progress } from "@/components/ui/progress";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import type { LabelOrder } from "@/lib/api/labels";
import { formatCount } from "@/lib/format";

import { actionOf, isTyping, KEYS, type Verdict } from "./keys";
import { useLabelling } from "./use-labelling";

/** What an answer can lack: offered, not demanded. */
const LACKS = ["wrong fact", "incomplete", "off the question", "not supported by the passages", "format", "refused", "the accepted answers are wrong"];

interface LabelQueueProps {
  ids: readonly string[];
  labeller: string;
  order: LabelOrder;
}

/** One answer after the other, with a key for each verdict. */
export function LabelQueue({ ids, labeller, order }: LabelQueueProps) {
  const { queue, put, undo, last, current } = useLabelling(ids, labeller, order);
  const [failure, setFailure] = useState("");
  const [note, setNote] = useState("");

  const label = useCallback(
    (verdict: Verdict) => {
      if (!current) return;
      put.mutate({ run: current, verdict, failure: failure.trim(), note });
      setFailure("");
      setNote("");
    },
    [current, failure, note, put],
  );
  const back = useCallback(() => {
    if (last) undo.mutate(last);
  }, [last, undo]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const action = actionOf({ key: event.key, modified: event.ctrlKey || event.altKey || event.metaKey, typing: isTyping(event.target), repeated: event.repeat });
      if (action === "undo") back();
      else if (action) label(action);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [label, back]);

  if (queue.error) {
    return (
      <Panel flush>
        <Failure error={queue.error} what="the answers" onRetry={() => void queue.refetch()} />
      </Panel>
    );
  }
  if (!queue.data || (queue.data.waiting.length === 0 && (put.isPending || queue.isFetching))) return <SkeletonRows rows={6} className="h-10" />;
  const { labelled, total } = queue.data;
  return (
    <Panel
      title={current ? "Is this answer right?" : "Nothing is left to label"}
      hint={`${formatCount(labelled)} of ${formatCount(total)} labelled by you`}
      actions={<Button size="sm" onClick={back} disabled={!last}>Undo <Key of="undo" /></Button>}
    >
      <Progress done={labelled} total={total} label="Answers that you have labelled" className="mb-4" />
      {current ? (
        <div className="flex flex-col gap-4">
          <p dir="auto" className="font-serif text-xl leading-7 text-ink [overflow-wrap:anywhere]">{current.question}</p>
          <dl className="grid gap-x-6 gap-y-1 sm:grid-cols-[10rem_1fr]">
            <dt>Accepted answers</dt>
            <dd dir="auto" className="font-medium text-ink [overflow-wrap:anywhere]">{current.gold.join(" · ")}</dd>
            <dt>Answer that was read</dt>
            <dd dir="auto" className="text-ink [overflow-wrap:anywhere]">{current.answer ?? <span className="italic">none</span>}</dd>
            {current.reasons.length > 0 && (
              <>
                <dt>Doubtful because</dt>
                <dd>{current.reasons.join("; ")}</dd>
              </>
            )}
          </dl>
          <Verbatim label="What the model wrote">{current.output ?? ""}</Verbatim>
          <div className="grid gap-3 sm:grid-cols-2">
            <Field label="What it lacks, if anything" htmlFor="failure">
              <Input id="failure" list="lacks" value={failure} maxLength={80} onChange={(event) => setFailure(event.target.value)} />
              <datalist id="lacks">{LACKS.map((one) => <option key={one} value={one} />)}</datalist>
            </Field>
            <Field label="Note" htmlFor="note">
              <Input id="note" value={note} maxLength={2000} onChange={(event) => setNote(event.target.value)} />
            </Field>
          </div>
          <div className="flex flex-wrap gap-2">
            <Button onClick={() => label("right")}>✓ Right <Key of="right" /></Button>
            <Button onClick={() => label("wrong")}>✗ Wrong <Key of="wrong" /></Button>
            <Button onClick={() => label("unclear")}>Cannot tell <Key of="unclear" /></Button>
          </div>
        </div>
      ) : (
        <Empty title="Done">{total === 0 ? "This order holds no answer: none is doubtful." : "You have labelled every answer of this order."}</Empty>
      )}
    </Panel>
  );
}

function Key({ of }: { of: keyof typeof KEYS }) {
  return <kbd className="rounded border px-1.5 text-xs uppercase">{KEYS[of]}</kbd>;
}
