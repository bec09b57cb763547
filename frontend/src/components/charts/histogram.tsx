"use client";

import { Group } from "@visx/group";
import { scaleLinear } from "@visx/scale";

import { formatCount, formatDuration } from "@/lib/format";

import { BottomAxis, LeftAxis } from "./axes";
import { describeBin, type Histogram as Data } from "./histogram-prepare";
import { useWidth } from "./use-width";

const HEIGHT = 248;
/** On the right, half of the last label has to fit. */
const MARGIN = { top: 18, right: 28, bottom: 26, left: 40 };

interface HistogramProps {
  data: Data;
  /** What is counted, for screen readers. */
  label: string;
  /** Values to mark, such as percentiles. */
  marks: { label: string; value: number | null | undefined }[];
}

/** Draws a prepared histogram of durations. */
export function Histogram({ data, label, marks }: HistogramProps) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const inner = { width: Math.max(0, width - MARGIN.left - MARGIN.right), height: HEIGHT - MARGIN.top - MARGIN.bottom };
  const first = data.bins[0]?.from ?? 0;
  const tail = data.bins.at(-1);
  const last = tail?.to ?? 1;
  const x = scaleLinear({ domain: [first, last], range: [0, inner.width] });
  const y = scaleLinear({ domain: [0, data.highest], range: [inner.height, 0], nice: 4 });
  return (
    <div ref={ref} style={{ height: HEIGHT }}>
      {width > 0 && (
        <svg width={width} height={HEIGHT} role="img" aria-label={`${label}: ${summary(data)}`}>
          <Group left={MARGIN.left} top={MARGIN.top}>
            {data.bins.map((bin) => (
              <rect
                key={bin.from}
                x={x(bin.from) + 0.5}
                y={y(bin.count)}
                width={Math.max(1, x(bin.to) - x(bin.from) - 1)}
                height={inner.height - y(bin.count)}
                className="fill-data-1/80 hover:fill-data-1"
              >
                <title>{describeBin(bin)}</title>
              </rect>
            ))}
            {tail?.open && (
              <text x={inner.width} y={Math.max(10, y(tail.count) - 5)} textAnchor="end" className="fill-ink text-[11px]">
                ≥ {formatDuration(tail.from)}
              </text>
            )}
            {marks.map(
              ({ label: name, value }) =>
                typeof value === "number" &&
                value >= first &&
                value <= last && (
                  <Group key={name} left={x(value)}>
                    <line y1={-4} y2={inner.height} className="stroke-ink" strokeDasharray="3 3" />
                    <text y={-7} textAnchor={x(value) > inner.width - 24 ? "end" : x(value) < 24 ? "start" : "middle"} className="fill-ink text-[11px]">
                      {name}
                    </text>
                  </Group>
                ),
            )}
            <BottomAxis scale={x} format={formatDuration} top={inner.height} width={inner.width} />
            <LeftAxis scale={y} format={(value) => (Number.isInteger(value) ? formatCount(value) : "")} ticks={3} />
          </Group>
        </svg>
      )}
    </div>
  );
}

function summary({ bins, n }: Data): string {
  const top = bins.reduce((best, bin) => (bin.count > best.count ? bin : best), { from: 0, to: 0, count: 0, open: false });
  return n === 0 ? "no values" : `${n} values, most from ${describeBin(top)}`;
}
