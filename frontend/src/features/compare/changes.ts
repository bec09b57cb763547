import { diffLines } from "diff";

import { readMessage } from "@/components/run/chat";
import { isRecord } from "@/lib/json";
import { toYaml } from "@/lib/yaml";

export interface ChangedLine {
  sign: "−" | "+" | " ";
  text: string;
}

/** Unchanged lines before and after a change. */
const CONTEXT = 2;
/** A diff of texts that have little in common takes long; they are shown one after the other then. */
const MAX_EDITS = 2_000;

/** The lines of two texts, changed ones with a sign, without the unchanged ones far from any change; empty for equal texts. */
export function changedLines(first: string, second: string): ChangedLine[] {
  const parts = diffLines(first, second, { maxEditLength: MAX_EDITS });
  if (!parts) return [...linesOf(first, "−"), ...linesOf(second, "+")];
  const lines = parts.flatMap(({ value, added, removed }) => linesOf(value, added ? "+" : removed ? "−" : " "));
  const near = (at: number) => lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(({ sign }) => sign !== " ");
  return lines.filter((_, at) => near(at));
}

function linesOf(text: string, sign: ChangedLine["sign"]): ChangedLine[] {
  return text
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => ({ sign, text: line }));
}

/** A configuration as YAML without what is not about how the experiment runs. */
export function configText(config: Record<string, unknown>): string {
  return toYaml(Object.fromEntries(Object.entries(config).filter(([key]) => key !== "name" && key !== "description")));
}

/** The messages of a run's first call, as one text. */
export function promptText(calls: readonly unknown[]): string {
  const [first] = calls;
  const messages = isRecord(first) && Array.isArray(first.messages) ? first.messages.map(readMessage) : [];
  return messages.map(({ role, content }) => `[${role}]\n${content}`).join("\n\n");
}
