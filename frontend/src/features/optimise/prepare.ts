import type { FrontPoint } from "@/components/charts/front-plot";
import { type StagePart, stageParts } from "@/components/run/stages-prepare";
import type { Tone } from "@/components/ui/badge";
import type { Schemas } from "@/lib/api/client";
import { formatNumber, formatNumberInterval, formatPercent, formatPointInterval, formatPoints, formatRatio, formatRatioInterval } from "@/lib/format";

export type Matrix = Schemas["MatrixOut"];
export type Cell = Schemas["MatrixCellOut"];
type Rate = Schemas["RateOut"];

/** How far a matrix has come, and whether trials failed. */
export function stateOf({ ended, failed, total }: Pick<Matrix, "ended" | "failed" | "total">): { label: string; tone: Tone } {
  const done = `${ended} of ${total}`;
  if (failed > 0) return { label: `${done}, ${failed} failed`, tone: "bad" };
  return ended < total ? { label: done, tone: "info" } : { label: `all ${total}`, tone: "good" };
}

/** A rate with its interval: `2.1 [1.9, 2.3]`. */
export function formatRate(rate: Rate | null): string {
  if (!rate) return "–";
  return rate.low === null ? formatNumber(rate.value) : `${formatNumber(rate.value)} ${formatNumberInterval(rate.low, rate.high)}`;
}

/** A speed ratio with its interval: `2.1× [1.9, 2.3]`. */
export function formatSpeed(speed: Rate | null | undefined): string {
  if (!speed) return "–";
  return speed.low === null ? formatRatio(speed.value) : `${formatRatio(speed.value)} ${formatRatioInterval(speed.low, speed.high)}`;
}

const outcomes: Record<Schemas["ScoreEquivalence"]["outcome"], { label: string; tone: Tone }> = {
  equivalent: { label: "equivalent", tone: "good" },
  better: { label: "better", tone: "good" },
  worse: { label: "worse", tone: "bad" },
  cannot_tell: { label: "cannot tell", tone: "plain" },
};

/** Whether the score is equivalent to the baseline's, and the difference it is decided on. */
export function equivalenceOf(cell: Cell): { label: string; tone: Tone; difference: string } | null {
  const found = cell.against?.score;
  return found ? { ...outcomes[found.outcome], difference: `${formatPoints(found.difference)} ${formatPointInterval(found.low, found.high)}` } : null;
}

/** What stands in a cell of the heat map. */
export interface HeatCell {
  method: string;
  optimisation: string;
  /** The ratio, or a word where there is none. */
  text: string;
  note: string;
  /** The same where there is little room: bounds with two digits. */
  short: string;
  /** Depth of the colour, −1 to 1: the logarithm of the ratio on the scale of the map; 0 for the baseline and without a ratio. */
  strength: number;
  /** Whether the interval contains 1, or there is none: drawn hatched. */
  unsure: boolean;
  /** All of it as a sentence, for screen readers and on hover. */
  sentence: string;
}

/** Ratios between which the scale of colours ends: less is mostly noise, and more would leave no room for 1.1× and 1.4×. */
const FULL = { least: 1.5, most: 3 };

/** The ratio from which on the colour is full: the largest there is, within bounds. A warm cache calls no model, and would be all there is to see. */
export function fullColourOf({ cells, ways }: Pick<Matrix, "cells" | "ways">): number {
  const warm = warmOf(ways);
  const ratios = cells.filter(({ optimisation }) => optimisation !== warm).map(({ against }) => Math.exp(Math.abs(Math.log(against?.speed?.value ?? 1))));
  return Math.min(FULL.most, Math.max(FULL.least, ...ratios));
}

/** The cells of the heat map, in the order of methods and optimisations. */
export function prepareHeat({ cells, ways, baseline }: Pick<Matrix, "cells" | "ways" | "baseline">): HeatCell[] {
  const full = Math.log(fullColourOf({ cells, ways }));
  return cells.map((cell) => {
    const { method, optimisation, against } = cell;
    const speed = against?.speed;
    const place = `${method}, ${optimisation}`;
    if (optimisation === baseline) {
      const there = cell.questions_per_s !== null;
      const rate = there ? `${formatRate(cell.questions_per_s)} questions a second` : cell.state;
      return { method, optimisation, text: there ? "1×" : cell.state, note: there ? "baseline" : "", short: there ? "baseline" : "", strength: 0, unsure: false, sentence: `${place}: the baseline, ${rate}.` };
    }
    if (!speed) {
      const why = cell.reasons.join(" ");
      return { method, optimisation, text: cell.questions_per_s ? "–" : cell.state, note: "", short: "", strength: 0, unsure: false, sentence: `${place}: ${cell.state}. ${why}`.trim() };
    }
    const unsure = !speed.differs;
    const note = speed.low === null ? "1 round" : formatRatioInterval(speed.low, speed.high);
    const told = speed.low === null ? "one round, no interval" : unsure ? "cannot be told from the baseline" : speed.value > 1 ? "faster" : "slower";
    return { method, optimisation, text: formatRatio(speed.value), note, short: shortInterval(speed), strength: Math.max(-1, Math.min(1, Math.log(speed.value) / full)), unsure, sentence: `${place}: ${formatSpeed(speed)}, ${told}.` };
  });
}

function shortInterval({ low, high }: Rate): string {
  if (low === null || high === null) return "1 round";
  const two = new Intl.NumberFormat("en", { maximumSignificantDigits: 2, useGrouping: false });
  return `${two.format(low)}–${two.format(high)}`;
}

/** What the score can be drawn against. */
export const against = {
  time: { label: "Time a question", words: "seconds of work a question" },
  latency: { label: "Latency p50", words: "the median latency" },
  cost: { label: "Cost", words: "the cost of 1,000 questions" },
} as const;
export type Against = keyof typeof against;

/** The score against time, latency or cost; on the front is what no other cell beats in both. A warm cache calls no model and is left out. */
export function prepareFront({ cells, ways }: Pick<Matrix, "cells" | "ways">, by: Against): FrontPoint[] {
  const warm = warmOf(ways);
  const points = cells.flatMap((cell, index) => {
    const x = expenseOf(cell, by);
    if (!cell.score || x === null || cell.optimisation === warm) return [];
    const { value: score, low, high } = cell.score;
    return [{ letter: String(index + 1), name: `${cell.method}, ${cell.optimisation}`, ...x, score, low, high }];
  });
  const beats = (one: (typeof points)[number], other: (typeof points)[number]) => one.score >= other.score && one.x <= other.x && (one.score > other.score || one.x < other.x);
  return points.map((point) => ({ ...point, front: !points.some((other) => beats(other, point)) }));
}

function warmOf(ways: Matrix["ways"]): string | undefined {
  return ways.find(({ cache }) => cache === "warm")?.name;
}

function expenseOf(cell: Cell, by: Against): { x: number; xLow?: number; xHigh?: number } | null {
  if (by === "latency") return cell.latency_p50_ms === null ? null : { x: cell.latency_p50_ms };
  if (by === "cost") return cell.usd_per_1000 === null ? null : { x: cell.usd_per_1000 };
  const rate = cell.questions_per_s;
  if (!rate) return null;
  const x = 1000 / rate.value;
  return rate.low === null || rate.high === null ? { x } : { x, xLow: 1000 / rate.high, xHigh: 1000 / rate.low };
}

/** A point of the curves against concurrency. */
export interface LoadPoint {
  name: string;
  calls: number;
  rate: number;
  low: number | null;
  high: number | null;
  p95: number | null;
}

/** Throughput and latency of one method by calls in flight: in batches, and side by side; both begin with the baseline. */
export function prepareLoad({ cells, ways }: Pick<Matrix, "cells" | "ways">, method: string): { name: string; points: LoadPoint[] }[] {
  const points = ways.flatMap((way) => {
    const cell = cells.find((one) => one.method === method && one.optimisation === way.name);
    const plain = way.cache === "none" && !way.by_prefix && !way.prefix_cache;
    if (!cell?.questions_per_s || !plain) return [];
    const { value: rate, low, high } = cell.questions_per_s;
    return [{ mode: way.mode, name: way.name, calls: way.calls, rate, low, high, p95: cell.latency_p95_ms }];
  });
  const first = points.filter(({ mode }) => mode === "sequential");
  return (
    [
      ["In batches", "batched"],
      ["Side by side", "concurrent"],
    ] as const
  ).flatMap(([name, mode]) => {
    const own = points.filter((point) => point.mode === mode);
    const all = [...first, ...own].sort((a, b) => a.calls - b.calls);
    return own.length > 0 && all.length > 1 ? [{ name, points: all }] : [];
  });
}

/** A method with a cold and with a warm cache. */
export interface CachePair {
  method: string;
  cold: Rate;
  warm: Rate;
  hits: number | null;
  saved: number | null;
}

/** Questions a second with a cold and a warm cache, of the methods that have both. */
export function prepareCache({ cells, ways, methods }: Pick<Matrix, "cells" | "ways" | "methods">): CachePair[] {
  const named = (cache: "cold" | "warm") => ways.find((way) => way.cache === cache)?.name;
  const of = (method: string, optimisation: string | undefined) => cells.find((cell) => cell.method === method && cell.optimisation === optimisation);
  return methods.flatMap((method) => {
    const cold = of(method, named("cold"));
    const warm = of(method, named("warm"));
    if (!cold?.questions_per_s || !warm?.questions_per_s) return [];
    return [{ method, cold: cold.questions_per_s, warm: warm.questions_per_s, hits: warm.hit_rate, saved: cold.usd_per_1000 }];
  });
}

/** The stages of a cell by colour. */
export interface StageBar {
  optimisation: string;
  parts: StagePart[];
}

/** Where the time of a question goes in each cell of a method that has measured it. */
export function prepareStages({ cells }: Pick<Matrix, "cells">, method: string): StageBar[] {
  return cells
    .filter((cell) => cell.method === method && cell.stages.length > 0)
    .map(({ optimisation, stages }) => ({ optimisation, parts: stageParts({ stages }) }));
}

/** The shares of answers and of whole outputs that are the same as the baseline's. */
export function identicalOf({ against }: Cell): { answers: string; outputs: string } {
  const share = (one: { value: number } | null | undefined) => (one ? formatPercent(one.value) : "");
  return { answers: share(against?.identical), outputs: share(against?.same_outputs) };
}
