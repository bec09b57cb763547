"use client";

import { Group } from "@visx/group";
import { scaleLog } from "@visx/scale";

import { ChartPanel } from "@/components/charts/chart-panel";
import { useWidth } from "@/components/charts/use-width";
import { formatCost, formatNumber, formatPercent, formatRatio } from "@/lib/format";

import { type CachePair, formatRate, type Matrix, prepareCache } from "./prepare";

const ROW = 44;
const MARGIN = { top: 18, right: 64, bottom: 8, left: 92 };

/** Questions a second with a cold and with a warm cache, each method a row, on a scale of multiples. */
export function CachePanel({ matrix }: { matrix: Matrix }) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const pairs = prepareCache(matrix);
  if (pairs.length === 0) return null;
  const height = MARGIN.top + pairs.length * ROW + MARGIN.bottom;
  const inner = Math.max(0, width - MARGIN.left - MARGIN.right);
  const rates = pairs.flatMap(({ cold, warm }) => [cold.value, warm.value]);
  const x = scaleLog<number>({ domain: [Math.min(...rates) / 1.2, Math.max(...rates) * 1.2], range: [0, inner] });
  return (
    <ChartPanel title="Cold and warm cache" hint="Questions a second, on a logarithmic scale; a warm cache answers without calling the model" file={`${matrix.name} cache`}>
      <div ref={ref} style={{ height }}>
        {width > 0 && (
          <svg width={width} height={height} role="img" aria-label={pairs.map(sentence).join(" ")}>
            {pairs.map((pair, index) => (
              <Group key={pair.method} left={MARGIN.left} top={MARGIN.top + index * ROW + ROW / 2}>
                <title>{sentence(pair)}</title>
                <text x={-MARGIN.left} dy={4} className="fill-ink text-xs">
                  {pair.method}
                </text>
                <line x1={x(pair.cold.value)} x2={x(pair.warm.value)} className="stroke-muted/60" strokeWidth={2} />
                <circle cx={x(pair.cold.value)} r={6} className="fill-paper stroke-data-1" strokeWidth={2} />
                <circle cx={x(pair.warm.value)} r={6} className="fill-data-2" />
                <text x={x(pair.cold.value)} y={-12} textAnchor="middle" className="fill-muted num text-[11px]">
                  {index === 0 ? `cold ${formatNumber(pair.cold.value)}` : formatNumber(pair.cold.value)}
                </text>
                <text x={x(pair.warm.value)} y={-12} textAnchor="middle" className="fill-muted num text-[11px]">
                  {index === 0 ? `warm ${formatNumber(pair.warm.value)}` : formatNumber(pair.warm.value)}
                </text>
                <text x={inner + 18} dy={4} className="fill-ink num text-xs">
                  {formatRatio(pair.warm.value / pair.cold.value)}
                </text>
              </Group>
            ))}
          </svg>
        )}
      </div>
    </ChartPanel>
  );
}

function sentence({ method, cold, warm, hits, saved }: CachePair): string {
  const cost = saved ? `, ${formatCost(saved)} of 1,000 questions saved` : "";
  return `${method}: ${formatRate(cold)} questions a second with a cold cache, ${formatRate(warm)} with a warm one; ${formatPercent(hits)} of the calls answered from it${cost}.`;
}
