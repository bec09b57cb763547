"use client";

import { Group } from "@visx/group";
import { scaleLinear } from "@visx/scale";

import { LeftAxis } from "@/components/charts/axes";
import { useWidth } from "@/components/charts/use-width";

import type { DayBar } from "./prepare";

const HEIGHT = 220;
const MARGIN = { top: 12, right: 16, bottom: 28, left: 64 };
/** Pixels of a label below a bar, at whose right end it ends. */
const LABEL = 84;
const WIDEST_BAR = 48;

interface DayChartProps {
  bars: DayBar[];
  format: (value: number) => string;
}

/** A bar for each day; a question mark stands where there were calls, and nobody knows what they took. */
export function DayChart({ bars, format }: DayChartProps) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const inner = { width: Math.max(0, width - MARGIN.left - MARGIN.right), height: HEIGHT - MARGIN.top - MARGIN.bottom };
  const highest = Math.max(0, ...bars.map(({ value }) => value ?? 0));
  const y = scaleLinear({ domain: [0, highest || 1], range: [inner.height, 0], nice: 4 });
  const step = inner.width / Math.max(1, bars.length);
  const every = Math.max(1, Math.ceil(LABEL / Math.max(1, step)));
  const thick = Math.max(1, Math.min(WIDEST_BAR, step * 0.8));
  return (
    <div ref={ref} style={{ height: HEIGHT }}>
      {width > 0 && (
        <svg width={width} height={HEIGHT} role="img" aria-label={summary(bars)}>
          <Group left={MARGIN.left} top={MARGIN.top}>
            {bars.map(({ day, value, text }, index) => (
              <Group key={day} left={(index + 0.5) * step}>
                <title>{text}</title>
                {value === null ? (
                  <text y={inner.height - 6} textAnchor="middle" className="fill-warn text-sm">
                    ?
                  </text>
                ) : (
                  <rect x={-thick / 2} y={y(value)} width={thick} height={inner.height - y(value)} className="fill-data-1/80 hover:fill-data-1" />
                )}
                {(bars.length - 1 - index) % every === 0 && (index + 0.5) * step > LABEL - MARGIN.left && (
                  <text y={inner.height + 18} x={thick / 2} textAnchor="end" className="num fill-muted text-[11px]">
                    {day}
                  </text>
                )}
              </Group>
            ))}
            <line x2={inner.width} y1={inner.height} y2={inner.height} className="stroke-line" />
            {highest > 0 && <LeftAxis scale={y} format={format} ticks={4} />}
          </Group>
        </svg>
      )}
    </div>
  );
}

function summary(bars: DayBar[]): string {
  const used = bars.filter(({ value }) => value !== 0);
  return used.length === 0 ? "Nothing on any day." : used.map(({ text }) => `${text}.`).join(" ");
}
