"use client";

import { type ReactNode, useMemo, useState } from "react";

import { formatCount } from "@/lib/format";
import type { Segment } from "@/lib/highlight";
import { beginning, chunksOf, cutSegments, FOLDED, formatSize, nextStep } from "@/lib/long-text";
import { cn } from "@/lib/utils";

import { Marked } from "./marked";

export const textButton = "rounded-sm underline decoration-line underline-offset-3 hover:text-ink hover:decoration-current";

interface Folded {
  /** What is shown: the text or its beginning, in pieces that are laid out when they come into view. */
  content: ReactNode;
  /** How much that is, with buttons for more; nothing where all is shown from the start. */
  controls: ReactNode;
}

/** A text of any length: its beginning, and more of it on demand; `strong`: the marks are answers. */
export function useFolded(text: string, segments?: Segment[], strong = false): Folded {
  const [limit, setLimit] = useState(FOLDED);
  const long = text.length > FOLDED;
  const size = useMemo(() => (long ? formatSize(text) : ""), [text, long]);
  const content = useMemo(() => {
    if (segments) return <Marked segments={long ? cutSegments(segments, limit) : segments} strong={strong} fallback="(empty)" />;
    if (!long) return text;
    const shown = beginning(text, limit);
    if (limit <= FOLDED) return shown;
    return chunksOf(shown).map((chunk, index) => (
      <span key={index} dir="auto" className="block [contain-intrinsic-size:auto_2000px] [content-visibility:auto]">
        {chunk}
      </span>
    ));
  }, [text, segments, strong, long, limit]);
  if (!long) return { content, controls: null };
  const all = limit >= text.length;
  return {
    content,
    controls: (
      <span className="num flex flex-wrap items-center gap-x-3 border-t bg-line/20 px-3 py-1.5 text-xs">
        <span>{all ? `${size}, ${formatCount(text.length)} characters` : `${size}: the first ${formatCount(limit)} of ${formatCount(text.length)} characters`}</span>
        {!all && nextStep(limit, text.length) < text.length && (
          <button type="button" className={textButton} onClick={() => setLimit(nextStep(limit, text.length))}>
            Show {formatCount(nextStep(limit, text.length))}
          </button>
        )}
        {!all && (
          <button type="button" className={textButton} onClick={() => setLimit(text.length)}>
            Show all
          </button>
        )}
        {limit > FOLDED && (
          <button type="button" className={textButton} onClick={() => setLimit(FOLDED)}>
            Show less
          </button>
        )}
      </span>
    ),
  };
}

interface ShortTextProps {
  children: string;
  /** Characters that are shown before anything is asked for. */
  limit: number;
}

/** A text that is short as a rule, within an element with `dir="auto"`; of a long one the beginning, which opens to all. */
export function ShortText({ children: text, limit }: ShortTextProps) {
  const [open, setOpen] = useState(false);
  const size = useMemo(() => (text.length > limit ? formatSize(text) : ""), [text, limit]);
  if (text.length <= limit) return text;
  return (
    <>
      {open ? <Opened text={text} /> : `${beginning(text, limit)}…`}{" "}
      <button type="button" aria-expanded={open} className={cn(textButton, "text-xs font-normal whitespace-nowrap text-muted")} onClick={() => setOpen(!open)}>
        {open ? "Show less" : `Show all, ${size}`}
      </button>
    </>
  );
}

function Opened({ text }: { text: string }) {
  const { content, controls } = useFolded(text);
  return (
    <span className="block min-w-0 overflow-hidden rounded-md border">
      <span tabIndex={0} role="region" aria-label="The whole text" dir="auto" className="verbatim block max-h-80 overflow-y-auto px-3 py-2 font-normal text-ink">
        {content}
      </span>
      {controls}
    </span>
  );
}
