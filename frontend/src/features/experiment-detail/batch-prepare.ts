import type { Tone } from "@/components/ui/badge";
import type { Schemas } from "@/lib/api/client";
import { formatDuration, formatName, formatNumber, plural } from "@/lib/format";

export type BatchJob = Schemas["BatchJobOut"];

const atHand: Record<string, string> = {
  planned: "not yet uploaded",
  uploading: "uploading",
  uploaded: "uploaded",
  creating: "starting",
  done: "ended",
};

const tones: Record<string, Tone> = { completed: "good", failed: "bad", expired: "warn", cancelled: "warn", cancelling: "warn" };

/** What a job is doing, in the provider's word where it has one. */
export function statusOf({ state, provider_status }: BatchJob): { label: string; tone: Tone } {
  const label = state === "submitted" || state === "done" ? (provider_status ?? atHand[state] ?? state) : (atHand[state] ?? state);
  return { label: formatName(label), tone: tones[provider_status ?? ""] ?? (state === "done" ? "plain" : "info") };
}

/** How long a job has been at the provider, or was. */
export function spanOf({ submitted_at, ended_at }: BatchJob, now: number): string {
  if (!submitted_at) return "–";
  const until = ended_at ? Date.parse(ended_at) : now;
  return formatDuration(Math.max(0, Math.floor((until - Date.parse(submitted_at)) / 1000)) * 1000);
}

/** The line under the title: how many jobs there are, what they cost less, and when the provider is asked next. */
export function describeBatchJobs(jobs: readonly BatchJob[], now: number): string {
  const parts = [plural(jobs.length, "job")];
  const discounts = [...new Set(jobs.map(({ discount }) => discount))];
  if (discounts.length === 1 && discounts[0] !== undefined && discounts[0] > 0) parts.push(`${formatNumber(100 * discounts[0])} % off the price`);
  const next = jobs.filter(({ state }) => state !== "done").map(({ next_poll_at }) => Date.parse(next_poll_at));
  if (next.length > 0) {
    const wait = Math.min(...next) - now;
    parts.push(wait > 1000 ? `the provider is asked again in ${formatDuration(Math.floor(wait / 1000) * 1000)}` : "the provider is being asked");
  }
  return parts.join(" · ");
}
