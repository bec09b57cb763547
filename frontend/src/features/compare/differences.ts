import { diffWordsWithSpace } from "diff";

import type { Segment } from "@/lib/highlight";

/** Longer texts are shown as they are: comparing them word by word would hold the page up. */
const LONGEST = 6_000;

/** Two texts as segments, with the words marked that only one of them has; null where they are too long. */
export function prepareDifferences(first: string, second: string): [Segment[], Segment[]] | null {
  if (first.length + second.length > LONGEST) return null;
  const parts = diffWordsWithSpace(first, second);
  const side = (own: "removed" | "added", other: "removed" | "added") =>
    parts.filter((part) => !part[other]).map((part) => ({ text: part.value, marked: Boolean(part[own]) }));
  return [side("removed", "added"), side("added", "removed")];
}
