"use client";

import { ChevronLeft, ChevronRight } from "lucide-react";
import type { ReactNode } from "react";

import { readMessage } from "@/components/run/chat";
import { Message } from "@/components/run/message";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Panel } from "@/components/ui/panel";
import { Skeleton } from "@/components/ui/skeleton";
import type { Schemas } from "@/lib/api/client";
import { formatCost, formatCount, formatDuration, plural } from "@/lib/format";
import { beginning } from "@/lib/long-text";

import { describePower } from "./power";

/** Characters of an accepted answer. */
const ANSWER = 200;

type Preview = Schemas["PreviewOut"];

interface PreviewPanelProps {
  preview: Preview | undefined;
  /** Why there is no preview. */
  problem: string | undefined;
  position: number;
  onPosition: (position: number) => void;
}

/** The prompt of a question of the sample, exactly as it would be sent. */
export function PreviewPanel({ preview, problem, position, onPosition }: PreviewPanelProps) {
  return (
    <Panel
      title="Prompt"
      hint={preview ? `Question ${formatCount(preview.example.position + 1)} of ${formatCount(preview.examples)} in the sample` : " "}
      actions={
        <>
          <Button variant="ghost" size="icon-sm" aria-label="Previous question" disabled={position <= 0} onClick={() => onPosition(position - 1)}>
            <ChevronLeft />
          </Button>
          <Button
            variant="ghost"
            size="icon-sm"
            aria-label="Next question"
            disabled={!preview || position >= preview.examples - 1}
            onClick={() => onPosition(position + 1)}
          >
            <ChevronRight />
          </Button>
        </>
      }
    >
      {preview ? (
        <div className="flex flex-col gap-3">
          {preview.messages.map((message, index) => (
            <Message key={index} message={readMessage(message)} label="As sent" className="max-h-64" />
          ))}
          <p className="flex flex-wrap items-center gap-1 text-xs">
            Accepted answers:
            {preview.example.answers.slice(0, 6).map((answer) => (
              <Badge key={answer} className="max-w-full">
                <bdi className="truncate">{beginning(answer, ANSWER)}</bdi>
              </Badge>
            ))}
            {preview.example.answers.length > 6 && `and ${preview.example.answers.length - 6} more`}
          </p>
        </div>
      ) : problem ? (
        <p className="min-h-28">{problem}</p>
      ) : (
        <Skeleton className="h-28" />
      )}
    </Panel>
  );
}

/** The estimated calls, tokens, cost and time. */
export function EstimateStrip({ estimate, children }: { estimate: Schemas["EstimateOut"] | undefined; children?: ReactNode }) {
  const cells: [string, string, string?][] = [
    ["Calls", formatCount(estimate?.calls)],
    ["Tokens in, out", estimate ? `${short(estimate.prompt_tokens)}, ${short(estimate.completion_tokens)}` : "–", range(estimate?.tokens_low, estimate?.tokens_high, short)],
    ["Cost", estimate ? formatCost(estimate.cost_usd) : "–", range(estimate?.cost_low_usd, estimate?.cost_high_usd, formatCost)],
    ["Time", estimate?.seconds == null ? (estimate ? "unknown" : "–") : `about ${formatDuration(estimate.seconds * 1000)}`],
  ];
  return (
    <div className="rounded-lg border">
      <dl className="grid grid-cols-2 overflow-hidden">
        {cells.map(([label, value, note]) => (
          <div key={label} className="-mt-px -ml-px border-t border-l px-4 py-2.5">
            <dt className="text-xs">{label}</dt>
            <dd className="num font-medium text-ink">{value}</dd>
            {note && <dd className="num text-xs">{note}</dd>}
          </div>
        ))}
      </dl>
      {children}
      <p className="min-h-13 border-t px-4 py-2 text-xs">
        {estimate?.basis}
        {estimate?.tokens_low != null && ` Ranges hold with 95 %, by ${plural(estimate.measured_questions, "measured question")}.`}
      </p>
      <p className="min-h-13 border-t px-4 py-2 text-xs">{estimate && describePower(estimate)}</p>
    </div>
  );
}

/** What a sum is between, if enough was measured. */
function range(low: number | null | undefined, high: number | null | undefined, format: (value: number) => string): string | undefined {
  return low == null || high == null ? undefined : `${format(low)} to ${format(high)}`;
}

function short(tokens: number): string {
  return new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 }).format(tokens);
}
