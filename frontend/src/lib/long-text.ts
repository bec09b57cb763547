/** Texts of models and files may be megabytes long: they are shown by their beginning, and more of them on demand. */

import type { Segment } from "./highlight";

/** Characters of a text that are shown before anything is asked for. */
export const FOLDED = 4_000;
/** How many times as much each step shows. */
const GROWTH = 25;
/** Characters of a chunk; the browser lays out only the chunks that are in view. */
const CHUNK = 8_000;
/** How far before the limit a text may be cut to end at a line or a word. */
const SLACK = 200;

/** Where to cut a text at about `limit` characters: after a line, else after a word, and never within a character. */
function cutAt(text: string, limit: number): number {
  if (limit >= text.length) return text.length;
  const least = Math.max(1, limit - SLACK);
  for (const end of ["\n", " "]) {
    const found = text.lastIndexOf(end, limit - 1);
    if (found >= least) return found + 1;
  }
  const code = text.charCodeAt(limit - 1);
  const half = code >= 0xd800 && code < 0xdc00;
  return half ? limit - 1 : limit;
}

/** The beginning of a text, at most `limit` characters. */
export function beginning(text: string, limit: number): string {
  return text.slice(0, cutAt(text, limit));
}

/** The text in pieces, each cut after a line or a word where there is one. */
export function chunksOf(text: string): string[] {
  const chunks: string[] = [];
  for (let from = 0; from < text.length; ) {
    const chunk = beginning(text.slice(from, from + CHUNK + 2), CHUNK);
    chunks.push(chunk);
    from += chunk.length;
  }
  return chunks;
}

/** How many characters to show next, after `shown` of `length`. */
export function nextStep(shown: number, length: number): number {
  const next = shown * GROWTH;
  return next * 2 >= length ? length : next;
}

/** The first `limit` characters of a text in segments. */
export function cutSegments(segments: readonly Segment[], limit: number): Segment[] {
  const cut: Segment[] = [];
  let left = limit;
  for (const { text, marked } of segments) {
    if (left <= 0) break;
    cut.push({ text: beginning(text, left), marked });
    left -= text.length;
  }
  return cut;
}

/** The size of a text in UTF-8: `512 B`, `200 kB`, `2.0 MB`. */
export function formatSize(text: string): string {
  const bytes = new Blob([text]).size;
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 999_500) return `${Math.round(bytes / 1_000)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
