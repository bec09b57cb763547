"use client";

import { Group } from "@visx/group";
import { scaleLinear, scaleLog } from "@visx/scale";

import { formatInterval, formatPercent } from "@/lib/format";

import { BottomAxis, LeftAxis } from "./axes";
import { placeLabels } from "./front-plot-prepare";
import { useWidth } from "./use-width";

const HEIGHT = 250;
const RADIUS = 11; // of a label
/** Ratio of the largest to the smallest x from which their logarithms are drawn, if the plot may. */
const WIDE_RANGE = 10;
const MARGIN = { top: 14, right: 28, bottom: 30, left: 60 };

export interface FrontPoint {
  letter: string;
  name: string;
  x: number;
  /** The interval of x, where it has one. */
  xLow?: number;
  xHigh?: number;
  score: number;
  low: number;
  high: number;
  /** On the Pareto front: no other point is better in one of the two and at least equal in the other. */
  front: boolean;
}

interface FrontPlotProps {
  points: FrontPoint[];
  formatX: (value: number) => string;
  /** Whether x is drawn on a logarithmic scale where it spans a wide range. */
  log?: boolean;
}

/** A score with its interval against latency or cost, and the Pareto front. */
export function FrontPlot({ points, formatX, log = false }: FrontPlotProps) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const inner = { width: Math.max(0, width - MARGIN.left - MARGIN.right), height: HEIGHT - MARGIN.top - MARGIN.bottom };
  const highest = Math.max(1e-9, ...points.map((point) => point.xHigh ?? point.x)) * 1.12;
  const lowest = Math.min(...points.map((point) => point.xLow ?? point.x)) / 1.12;
  const logarithmic = log && lowest > 0 && highest / lowest >= WIDE_RANGE;
  const range: [number, number] = [0, inner.width];
  const x = logarithmic ? scaleLog<number>({ domain: [lowest, highest], range }) : scaleLinear<number>({ domain: [0, highest], range });
  const lows = Math.min(...points.map(({ low }) => low));
  const highs = Math.max(...points.map(({ high }) => high));
  const y = scaleLinear({ domain: [Math.max(0, lows - 0.03), Math.min(1, highs + 0.03)], range: [inner.height, 0] });
  const front = points.filter((point) => point.front).sort((a, b) => a.x - b.x);
  const ranked = [...front, ...points.filter((point) => !point.front)];
  const labels = placeLabels(
    ranked.map((point) => ({ x: x(point.x), y: y(point.score) })),
    RADIUS,
    inner,
  );
  const drawn = ranked.map((point, index) => ({ point, label: labels[index] ?? { x: 0, y: 0 } })).reverse(); // those on the front above the others
  return (
    <div ref={ref} style={{ height: HEIGHT }}>
      {width > 0 && (
        <svg width={width} height={HEIGHT} role="img" aria-label={points.map((point) => sentence(point, formatX)).join(" ")}>
          <Group left={MARGIN.left} top={MARGIN.top}>
            <polyline points={front.map((point) => `${x(point.x)},${y(point.score)}`).join(" ")} className="fill-none stroke-data-1" strokeDasharray="4 3" />
            {drawn.map(({ point }) => (
              <Group key={point.letter} left={x(point.x)}>
                <line y1={y(point.low)} y2={y(point.high)} className="stroke-muted/60" strokeWidth={1.5} />
                {point.xLow !== undefined && point.xHigh !== undefined && (
                  <line x1={x(point.xLow) - x(point.x)} x2={x(point.xHigh) - x(point.x)} y1={y(point.score)} y2={y(point.score)} className="stroke-muted/60" strokeWidth={1.5} />
                )}
                <circle cy={y(point.score)} r={3} className={point.front ? "fill-data-1" : "fill-muted"} />
              </Group>
            ))}
            {drawn.map(({ point, label }) => (
              <Group key={point.letter}>
                <title>{sentence(point, formatX)}</title>
                <line x1={x(point.x)} y1={y(point.score)} x2={label.x} y2={label.y} className={point.front ? "stroke-data-1" : "stroke-muted"} />
                <circle cx={label.x} cy={label.y} r={RADIUS} className={point.front ? "fill-data-1" : "fill-paper stroke-muted"} />
                <text x={label.x} y={label.y} dy={5} textAnchor="middle" className={point.front ? "fill-paper font-serif text-sm" : "fill-ink font-serif text-sm"}>
                  {point.letter}
                </text>
              </Group>
            ))}
            <BottomAxis scale={x} format={formatX} top={inner.height} width={inner.width} />
            <LeftAxis scale={y} format={formatPercent} ticks={4} />
          </Group>
        </svg>
      )}
    </div>
  );
}

function sentence({ letter, name, x, xLow, xHigh, score, low, high, front }: FrontPoint, formatX: (value: number) => string): string {
  const bounds = xLow !== undefined && xHigh !== undefined ? ` [${formatX(xLow)}, ${formatX(xHigh)}]` : "";
  return `${letter}, ${name}: ${formatPercent(score)} ${formatInterval(low, high)} at ${formatX(x)}${bounds}${front ? ", on the Pareto front" : ""}.`;
}
