"use client";

import { Group } from "@visx/group";
import { useState } from "react";

import { ChartPanel } from "@/components/charts/chart-panel";
import { useWidth } from "@/components/charts/use-width";
import { StageLegend } from "@/components/run/stage-legend";
import { describeParts, totalOf } from "@/components/run/stages-prepare";
import { Segmented } from "@/components/ui/segmented";
import { formatDuration } from "@/lib/format";

import { type Matrix, prepareStages, type StageBar } from "./prepare";

const ROW = 26;
const BAR = 16;
const GAP = 2;
const MARGIN = { left: 92, right: 64 };

/** Where the time of a question goes in each cell of one method, as bars on one scale. */
export function StagesPanel({ matrix }: { matrix: Matrix }) {
  const there = matrix.methods.filter((method) => prepareStages(matrix, method).length > 0);
  const [chosen, setChosen] = useState("");
  const method = there.includes(chosen) ? chosen : there[0];
  if (method === undefined) return null;
  const bars = prepareStages(matrix, method);
  return (
    <ChartPanel
      title="Where the time goes"
      hint="A question's own time, on average, without waiting for other questions"
      file={`${matrix.name} stages ${method}`}
      actions={there.length > 1 && <Segmented label="Method" value={method} onChange={setChosen} options={there.map((name) => ({ value: name, label: name }))} />}
    >
      <Bars bars={bars} />
      <StageLegend className="mt-3" shown={new Set(bars.flatMap(({ parts }) => parts.map(({ name }) => name)))} />
    </ChartPanel>
  );
}

function Bars({ bars }: { bars: StageBar[] }) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const longest = Math.max(1e-9, ...bars.map(({ parts }) => totalOf(parts)));
  const inner = Math.max(0, width - MARGIN.left - MARGIN.right);
  const height = bars.length * ROW;
  return (
    <div ref={ref} style={{ height }}>
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={bars.map(sentence).join(" ")}>
          {bars.map((bar, index) => (
            <Group key={bar.optimisation} top={index * ROW}>
              <title>{sentence(bar)}</title>
              <text y={BAR - 3} className="fill-ink text-xs">
                {bar.optimisation}
              </text>
              {bar.parts.map((part, place) => (
                <rect
                  key={part.name}
                  x={MARGIN.left + (inner * totalOf(bar.parts.slice(0, place))) / longest}
                  width={Math.max(1, (inner * part.ms) / longest - GAP)}
                  height={BAR}
                  className={part.fill}
                />
              ))}
              <text x={width} y={BAR - 3} textAnchor="end" className="fill-muted num text-xs">
                {formatDuration(totalOf(bar.parts))}
              </text>
            </Group>
          ))}
        </svg>
      )}
    </div>
  );
}

function sentence({ optimisation, parts }: StageBar): string {
  return `${optimisation}: ${describeParts(parts)}`;
}
