"use client";

import { Group } from "@visx/group";
import { scaleLinear } from "@visx/scale";

import { formatInterval, formatPercent } from "@/lib/format";

import { LeftAxis } from "./axes";
import { useWidth } from "./use-width";

const HEIGHT = 240;
const MARGIN = { top: 14, right: 20, bottom: 30, left: 56 };
/** Pixels of a label below a point. */
const LABEL = 92;

export interface TimelinePoint {
  id: string;
  /** Below the point, such as its date. */
  label: string;
  name: string;
  /** A share with its interval; null where there is none. */
  estimate: { value: number; low: number; high: number } | null;
  tone: "better" | "worse" | "plain";
  reference: boolean;
}

const strokes = { better: "stroke-good", worse: "stroke-bad", plain: "stroke-muted" } as const;
const fills = { better: "fill-good", worse: "fill-bad", plain: "fill-muted" } as const;

/** A share with its interval, point after point in their order; a dashed line is at the reference. */
export function Timeline({ points }: { points: TimelinePoint[] }) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const inner = { width: Math.max(0, width - MARGIN.left - MARGIN.right), height: HEIGHT - MARGIN.top - MARGIN.bottom };
  const known = points.flatMap(({ estimate }) => (estimate ? [estimate] : []));
  const domain = [Math.max(0, Math.min(1, ...known.map(({ low }) => low)) - 0.03), Math.min(1, Math.max(0, ...known.map(({ high }) => high)) + 0.03)];
  const y = scaleLinear({ domain, range: [inner.height, 0] });
  const step = inner.width / Math.max(1, points.length);
  const every = Math.max(1, Math.ceil(LABEL / Math.max(1, step)));
  const reference = points.find((point) => point.reference)?.estimate;
  return (
    <div ref={ref} style={{ height: HEIGHT }}>
      {width > 0 && (
        <svg width={width} height={HEIGHT} role="img" aria-label={points.map(sentence).join(" ")}>
          <Group left={MARGIN.left} top={MARGIN.top}>
            {reference && <line x2={inner.width} y1={y(reference.value)} y2={y(reference.value)} className="stroke-ink" strokeDasharray="4 3" />}
            {points.map((point, index) => (
              <Group key={point.id} left={(index + 0.5) * step}>
                <title>{sentence(point)}</title>
                {point.estimate && (
                  <>
                    <line y1={y(point.estimate.low)} y2={y(point.estimate.high)} className={strokes[point.tone]} strokeWidth={2} />
                    <circle cy={y(point.estimate.value)} r={5} className={point.reference ? "fill-ink" : fills[point.tone]} />
                  </>
                )}
                {index % every === 0 && (
                  <text y={inner.height + 18} textAnchor="middle" className="fill-muted text-[11px]">
                    {point.label}
                  </text>
                )}
              </Group>
            ))}
            <line x2={inner.width} y1={inner.height} y2={inner.height} className="stroke-line" />
            <LeftAxis scale={y} format={formatPercent} ticks={4} />
          </Group>
        </svg>
      )}
    </div>
  );
}

function sentence({ label, name, estimate, reference }: TimelinePoint): string {
  const share = estimate ? `${formatPercent(estimate.value)} ${formatInterval(estimate.low, estimate.high)}` : "no score";
  return `${label}, ${name}: ${share}${reference ? ", the reference" : ""}.`;
}
