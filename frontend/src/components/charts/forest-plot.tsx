"use client";

import { Group } from "@visx/group";
import { scaleLinear } from "@visx/scale";

import { formatPointInterval, formatPoints } from "@/lib/format";

import { BottomAxis } from "./axes";
import { useWidth } from "./use-width";

const ROW = 30;
/** The margin with names, the width from which there is room for it, and the characters that fit. */
const NAMES = 260;
const NAMED_FROM = 720;
const NAME = 32;
const MARGIN = { top: 8, right: 16, bottom: 28, left: 34 };
const strokes = { better: "stroke-good", worse: "stroke-bad", not_distinguishable: "stroke-muted" } as const;
const fills = { better: "fill-good", worse: "fill-bad", not_distinguishable: "fill-muted" } as const;

export interface ForestPlotRow {
  letter: string;
  name: string;
  difference: number;
  /** The interval that agrees with the outcome: of several comparisons the simultaneous one. */
  low: number;
  high: number;
  /** The narrower interval of this comparison alone, where it is one of several. */
  plain: { low: number; high: number } | null;
  outcome: keyof typeof strokes;
}

interface ForestPlotProps {
  rows: ForestPlotRow[];
  domain: [number, number];
  /** Each row has its name beside its letter, if there is room. */
  named?: boolean;
}

/** A forest plot: differences from the baseline with their intervals, in percentage points; of several comparisons the plain interval is the thick line. */
export function ForestPlot({ rows, domain, named = false }: ForestPlotProps) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const height = MARGIN.top + rows.length * ROW + MARGIN.bottom;
  const left = named && width >= NAMED_FROM ? NAMES : MARGIN.left;
  const inner = Math.max(0, width - left - MARGIN.right);
  const x = scaleLinear({ domain, range: [0, inner] });
  return (
    <div ref={ref} style={{ height }}>
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={rows.map(sentence).join(" ")}>
          <Group left={left} top={MARGIN.top}>
            <line x1={x(0)} x2={x(0)} y2={rows.length * ROW} className="stroke-ink" strokeDasharray="3 3" />
            {rows.map((row, index) => (
              <Group key={row.letter} top={index * ROW + ROW / 2}>
                <title>{sentence(row)}</title>
                <text x={-left + 6} dy={5} className="fill-ink font-serif text-base">
                  {row.letter}
                </text>
                {left === NAMES && (
                  <text x={-left + 28} dy={4} className="fill-muted text-xs">
                    {row.name.length > NAME ? `${row.name.slice(0, NAME)}…` : row.name}
                  </text>
                )}
                <line x1={x(row.low)} x2={x(row.high)} className={strokes[row.outcome]} strokeWidth={row.plain ? 1 : 2} />
                {row.plain && <line x1={x(row.plain.low)} x2={x(row.plain.high)} className={strokes[row.outcome]} strokeWidth={4} />}
                {[row.low, row.high].map((end) => (
                  <line key={end} x1={x(end)} x2={x(end)} y1={-5} y2={5} className={strokes[row.outcome]} strokeWidth={row.plain ? 1 : 2} />
                ))}
                <circle cx={x(row.difference)} r={5} className={fills[row.outcome]} />
              </Group>
            ))}
            <BottomAxis scale={x} format={formatPoints} top={rows.length * ROW} width={inner} />
          </Group>
        </svg>
      )}
    </div>
  );
}

function sentence({ letter, name, difference, low, high, plain }: ForestPlotRow): string {
  const alone = plain ? ` (this comparison alone: ${formatPointInterval(plain.low, plain.high)})` : "";
  return `${letter}, ${name}: ${formatPoints(difference)} points ${formatPointInterval(low, high)}${alone}.`;
}
