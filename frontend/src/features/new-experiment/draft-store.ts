/** Keeps what was entered in the form while the tab is open, so that a look at another page loses nothing. */

import { isRecord } from "@/lib/json";

import type { Draft } from "./draft";

const PREFIX = "llmforge.draft ";

/** The kept draft of a form that began as `key` says; undefined if there is none. */
export function keptDraft(key: string): Draft | undefined {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(PREFIX + key) ?? "null");
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function keepDraft(key: string, draft: Draft): void {
  try {
    sessionStorage.setItem(PREFIX + key, JSON.stringify(draft));
  } catch {
    // Storage is full or switched off: the form works without.
  }
}

export function dropDraft(key: string): void {
  try {
    sessionStorage.removeItem(PREFIX + key);
  } catch {
    // As above.
  }
}
