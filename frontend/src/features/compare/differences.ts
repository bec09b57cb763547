import { diffWordsWithSpace } from "diff";

import type { Segment } from "@/lib/highlight";

/** Characters of both texts together; a diff by words of longer texts would block the page. */
const MAX_LENGTH = 6_000;

/** Two texts as segments, in which the words that only one of them has are marked; null if they are too long. */
export function prepareDifferences(first: string, second: string): [Segment[], Segment[]] | null {
  if (first.length + second.length > MAX_LENGTH) return null;
  const parts = diffWordsWithSpace(first, second);
  const side = (own: "removed" | "added", other: "removed" | "added") =>
    parts.filter((part) => !part[other]).map((part) => ({ text: part.value, marked: Boolean(part[own]) }));
  return [side("removed", "added"), side("added", "removed")];
}
