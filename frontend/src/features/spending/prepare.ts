import type { Schemas } from "@/lib/api/client";
import { formatCost, formatMethod, plural } from "@/lib/format";

type Sums = Schemas["SpendingSums"];
export type Amount = "cost" | "calls" | "tokens";
export type Grouping = "model" | "method" | "day";

/** Shown for what nobody knows; it is never 0. */
export const NOT_KNOWN = "not known";

const DAY_MS = 86_400_000;

/** A day `back` days before another, both as `2026-11-28`. */
export function dayBefore(day: string, back: number): string {
  return new Date(Date.parse(day) - back * DAY_MS).toISOString().slice(0, 10);
}

/** Today in UTC, the days of which are counted. */
export function todayUtc(now = Date.now()): string {
  return new Date(now).toISOString().slice(0, 10);
}

/** What was paid, and for how many runs nobody knows it. */
export function costText({ usd, runs_without_price }: Pick<Sums, "usd" | "runs_without_price">): string {
  if (usd === null) return NOT_KNOWN;
  return runs_without_price > 0 ? `${formatCost(usd)} and ${plural(runs_without_price, "run")} ${NOT_KNOWN}` : formatCost(usd);
}

/** US dollars, if they are known. */
export function moneyText(usd: number | null): string {
  return usd === null ? NOT_KNOWN : formatCost(usd);
}

export interface DayBar {
  day: string;
  /** Null: there were calls, and nobody knows what they took. */
  value: number | null;
  text: string;
}

/** A bar for each day of the period, those without runs included. */
export function prepareDays({ since, until, by_day }: Pick<Schemas["SpendingOut"], "since" | "until" | "by_day">, amount: Amount): DayBar[] {
  const known = new Map(by_day.map((one) => [one.day, one]));
  const days = Math.round((Date.parse(until) - Date.parse(since)) / DAY_MS) + 1;
  return Array.from({ length: days }, (_, index) => {
    const day = dayBefore(since, -index);
    const sums = known.get(day);
    const value = sums === undefined ? 0 : amountOf(sums, amount);
    return { day, value, text: `${day}: ${sums === undefined ? "nothing" : textOf(sums, amount)}` };
  });
}

function amountOf(sums: Sums, amount: Amount): number | null {
  if (amount === "cost") return sums.usd;
  return amount === "calls" ? sums.calls : sums.prompt_tokens + sums.completion_tokens;
}

function textOf(sums: Sums, amount: Amount): string {
  if (amount === "cost") return costText(sums);
  return amount === "calls" ? plural(sums.calls, "call") : plural(sums.prompt_tokens + sums.completion_tokens, "token");
}

export interface SpendingLine {
  name: string;
  sums: Sums;
  cost: string;
  saved: string;
}

/** The rows of the table. */
export function prepareLines({ by_model, by_method, by_day }: Schemas["SpendingOut"], grouping: Grouping): SpendingLine[] {
  const rows =
    grouping === "day"
      ? by_day.map((sums) => ({ name: sums.day, sums })).reverse()
      : grouping === "model"
        ? by_model.map((sums) => ({ name: sums.name, sums }))
        : by_method.map((sums) => ({ name: formatMethod(sums.name), sums }));
  return rows.map(({ name, sums }) => ({ name, sums, cost: moneyText(sums.usd), saved: moneyText(sums.saved_usd) }));
}
