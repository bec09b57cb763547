"use client";

import { useId, useState } from "react";

import { Marked } from "@/components/text/marked";
import { useClipped } from "@/components/text/use-clipped";
import { Badge } from "@/components/ui/badge";
import { fromFirstMark } from "@/lib/highlight";
import { cutSegments } from "@/lib/long-text";
import { cn } from "@/lib/utils";

import { type MarkedPassage, type StageHit, stageHits } from "./passage-prepare";

/** Most characters before the first mark while the text is collapsed. */
const MAX_LEAD = 120;
/** Most characters while the text is collapsed: more than its lines hold. */
const COLLAPSED = 2_000;

interface PassageProps {
  marked: MarkedPassage;
  /** From 1. */
  rank: number;
  /** The marks are accepted answers rather than words of a query. */
  answers?: boolean;
}

/** A retrieved passage: its source, its rank by stage, and its text, collapsed to four lines. */
export function PassageItem({ marked, rank, answers = false }: PassageProps) {
  const { passage, title, text, hasMark } = marked;
  const [open, setOpen] = useState(false);
  const { ref, clipped } = useClipped<HTMLParagraphElement>(open);
  const id = useId();
  const hits = stageHits(passage);
  const shown = open || !answers ? text : fromFirstMark(text, MAX_LEAD);
  const more = clipped || shown.length !== text.length || shown[0]?.text !== text[0]?.text;
  return (
    <article aria-labelledby={id} className={cn("grid grid-cols-[1.25rem_minmax(0,1fr)] gap-x-2 px-4 py-3", passage.dropped && "bg-line/25")}>
      <span className="num text-xs leading-5 font-medium">{rank}</span>
      <div className="flex min-w-0 flex-col items-start gap-1.5">
        <p dir="auto" className="max-w-full [overflow-wrap:anywhere]">
          <span id={id} className="font-medium text-ink">
            <Marked segments={title} strong={answers} fallback={passage.article} />
          </span>
          {passage.section && <span className="text-xs"> · {passage.section}</span>}
        </p>
        <div className="flex flex-wrap items-center gap-1">
          {answers && hasMark && <Badge tone="good">✓ contains the answer</Badge>}
          {passage.dropped && <Badge tone="warn">left out of the prompt</Badge>}
          <Stages hits={hits} />
        </div>
        <p ref={ref} dir="auto" className={cn("max-w-full [overflow-wrap:anywhere] text-ink", open ? "whitespace-pre-line" : "line-clamp-4")}>
          <Marked segments={open ? shown : cutSegments(shown, COLLAPSED)} strong={answers} />
        </p>
        {open && <Details hits={hits} id={passage.id} start={passage.start} end={passage.end} />}
        <button
          type="button"
          aria-expanded={open}
          aria-describedby={id}
          onClick={() => setOpen(!open)}
          className="rounded-sm text-xs underline decoration-line underline-offset-3 hover:text-ink hover:decoration-current"
        >
          {open ? "Show less" : more ? "Show all" : "Show the scores"}
        </button>
      </div>
    </article>
  );
}

/** The rank by stage; the score is in the tooltip, and below the opened passage. */
function Stages({ hits }: { hits: StageHit[] }) {
  return (
    <ul aria-label="Ranks by stage" className="flex flex-wrap items-center gap-1">
      {hits.map(({ stage, rank, description }) => (
        <li key={stage} className="flex">
          <Badge title={description} className="num font-normal">
            {stage} <span className="font-medium text-ink">{rank}</span>
          </Badge>
        </li>
      ))}
    </ul>
  );
}

function Details({ hits, id, start, end }: { hits: StageHit[]; id: string; start: number; end: number }) {
  return (
    <ul className="num text-xs">
      {hits.map(({ stage, description }) => (
        <li key={stage}>{description}</li>
      ))}
      <li className="[overflow-wrap:anywhere]">
        chunk {id}, characters {start} to {end}
      </li>
    </ul>
  );
}
