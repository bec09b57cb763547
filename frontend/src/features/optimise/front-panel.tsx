"use client";

import { useState } from "react";

import { ChartPanel } from "@/components/charts/chart-panel";
import { FrontPlot } from "@/components/charts/front-plot";
import { Segmented } from "@/components/ui/segmented";
import { formatCost, formatDuration, formatName } from "@/lib/format";

import { against, type Against, type Matrix, prepareFront } from "./prepare";

/** The score of each cell against time, latency or cost, with the Pareto front; numbers are those of the table. */
export function FrontPanel({ matrix }: { matrix: Matrix }) {
  const [by, setBy] = useState<Against>("time");
  const drawn = (Object.keys(against) as Against[]).filter((one) => prepareFront(matrix, one).some(({ x }) => x > 0));
  const points = prepareFront(matrix, by);
  if (points.length < 2) return null;
  return (
    <ChartPanel
      title="Score against speed and cost"
      hint={`${formatName(matrix.score)} against ${against[by].words}, with 95 % intervals; the numbers are those of the table; filled: on the Pareto front`}
      file={`${matrix.name} front ${by}`}
      actions={drawn.length > 1 && <Segmented label="Against" value={by} onChange={setBy} options={drawn.map((value) => ({ value, label: against[value].label }))} />}
    >
      <FrontPlot log points={points} formatX={by === "cost" ? formatCost : formatDuration} />
    </ChartPanel>
  );
}
