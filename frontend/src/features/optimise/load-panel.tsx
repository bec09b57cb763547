"use client";

import { Group } from "@visx/group";
import { scaleLinear } from "@visx/scale";
import { useState } from "react";

import { LeftAxis } from "@/components/charts/axes";
import { ChartPanel } from "@/components/charts/chart-panel";
import { useWidth } from "@/components/charts/use-width";
import { Segmented } from "@/components/ui/segmented";
import { formatDuration, formatNumber } from "@/lib/format";

import { formatRate, type LoadPoint, type Matrix, prepareLoad } from "./prepare";

const PLOT = 130;
const TITLE = 22;
const BETWEEN = 16;
const MARGIN = { left: 58, right: 72, bottom: 34 };
const HEIGHT = 2 * (TITLE + PLOT) + BETWEEN + MARGIN.bottom;
/** Multiple of the highest value up to which intervals are drawn. */
const HIGHEST = 2;
const series = [
  { line: "stroke-data-1", mark: "fill-data-1", text: "fill-data-1" },
  { line: "stroke-data-2", mark: "fill-data-2", text: "fill-data-2" },
] as const;
const panels = [
  { title: "Questions a second", of: ({ rate }: LoadPoint) => rate, top: ({ rate, high }: LoadPoint) => high ?? rate, format: formatNumber },
  { title: "Latency, 95th percentile", of: ({ p95 }: LoadPoint) => p95, top: ({ p95 }: LoadPoint) => p95 ?? 0, format: formatDuration },
] as const;

/** Throughput and latency of one method against the calls in flight: two plots above each other, on one scale of calls. */
export function LoadPanel({ matrix }: { matrix: Matrix }) {
  const there = matrix.methods.filter((method) => prepareLoad(matrix, method).length > 0);
  const [chosen, setChosen] = useState("");
  const method = there.includes(chosen) ? chosen : there[0];
  if (method === undefined) return null;
  return (
    <ChartPanel
      title="Load"
      hint="Answers a second, and how long each takes, against the calls in flight"
      file={`${matrix.name} load ${method}`}
      actions={there.length > 1 && <Segmented label="Method" value={method} onChange={setChosen} options={there.map((name) => ({ value: name, label: name }))} />}
    >
      <Curves lines={prepareLoad(matrix, method)} method={method} />
    </ChartPanel>
  );
}

function Curves({ lines, method }: { lines: ReturnType<typeof prepareLoad>; method: string }) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const points = lines.flatMap(({ points }) => points);
  const calls = [...new Set(points.map((point) => point.calls))].sort((a, b) => a - b);
  const inner = Math.max(0, width - MARGIN.left - MARGIN.right);
  // Each doubling is a step: 1, 2, 4, 8, 16.
  const x = scaleLinear({ domain: [0, Math.max(1, Math.log2(calls.at(-1) ?? 2))], range: [0, inner] });
  return (
    <div ref={ref} style={{ height: HEIGHT }}>
      {width > 0 && (
        <svg width={width} height={HEIGHT} role="img" aria-label={lines.map((line) => sentence(method, line)).join(" ")}>
          {panels.map((panel, place) => {
            // An interval far wider than the values would flatten the curves: it is cut at the top.
            const most = HIGHEST * Math.max(...points.map((point) => panel.of(point) ?? 0));
            const y = scaleLinear({ domain: [0, 1.08 * Math.max(1e-9, Math.min(most, Math.max(...points.map(panel.top))))], range: [PLOT, 0], clamp: true });
            return (
              <Group key={panel.title} left={MARGIN.left} top={place * (TITLE + PLOT + BETWEEN) + TITLE}>
                <text x={-MARGIN.left} y={-8} className="fill-ink text-xs font-medium">
                  {panel.title}
                </text>
                {calls.map((count) => (
                  <line key={count} x1={x(Math.log2(count))} x2={x(Math.log2(count))} y2={PLOT} className="stroke-line" />
                ))}
                {lines.map((line, index) => (
                  <Line key={line.name} line={line} look={series[index % series.length] ?? series[0]} index={index} x={(point) => x(Math.log2(point.calls))} y={y} of={panel.of} named={place === 0} />
                ))}
                <line x2={inner} y1={PLOT} y2={PLOT} className="stroke-line" />
                <LeftAxis scale={y} format={panel.format} ticks={3} />
              </Group>
            );
          })}
          <Group left={MARGIN.left} top={HEIGHT - MARGIN.bottom + 14}>
            {calls.map((count) => (
              <text key={count} x={x(Math.log2(count))} textAnchor="middle" className="fill-muted num text-[11px]">
                {count}
              </text>
            ))}
            <text x={inner / 2} y={17} textAnchor="middle" className="fill-muted text-[11px]">
              calls in flight
            </text>
          </Group>
        </svg>
      )}
    </div>
  );
}

interface LineProps {
  line: { name: string; points: LoadPoint[] };
  look: (typeof series)[number];
  index: number;
  x: (point: LoadPoint) => number;
  y: (value: number) => number;
  of: (point: LoadPoint) => number | null;
  /** Whether the line has its name at its end, and its points their intervals. */
  named: boolean;
}

function Line({ line, look, index, x, y, of, named }: LineProps) {
  const known = line.points.flatMap((point) => {
    const value = of(point);
    return value === null ? [] : [{ point, value }];
  });
  const last = known.at(-1);
  return (
    <>
      <polyline points={known.map(({ point, value }) => `${x(point)},${y(value)}`).join(" ")} className={`fill-none ${look.line}`} strokeWidth={1.5} strokeDasharray={index > 0 ? "5 3" : undefined} />
      {known.map(({ point, value }) => (
        <Group key={point.name} left={x(point)}>
          <title>{`${point.name}: ${formatRate({ value: point.rate, low: point.low, high: point.high, rounds: 0 })} questions a second, p95 ${formatDuration(point.p95)}`}</title>
          {named && point.low !== null && point.high !== null && <line y1={y(point.low)} y2={y(point.high)} className={look.line} strokeWidth={1.5} />}
          <circle cy={y(value)} r={4} className={look.mark} />
        </Group>
      ))}
      {named && last && (
        <text x={x(last.point) + (index > 0 ? 0 : 8)} y={y(last.point.high ?? last.value) + (index > 0 ? -7 : 4)} textAnchor={index > 0 ? "middle" : "start"} className={`${look.text} text-xs`}>
          {line.name}
        </text>
      )}
    </>
  );
}

function sentence(method: string, { name, points }: { name: string; points: LoadPoint[] }): string {
  const told = points.map((point) => `${point.calls} in flight: ${formatNumber(point.rate)} questions a second, 95th percentile ${formatDuration(point.p95)}`);
  return `${method}, ${name.toLowerCase()}: ${told.join("; ")}.`;
}
