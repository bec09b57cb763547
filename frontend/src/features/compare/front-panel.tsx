"use client";

import { useState } from "react";

import { ChartPanel } from "@/components/charts/chart-panel";
import { FrontPlot } from "@/components/charts/front-plot";
import { Panel } from "@/components/ui/panel";
import { Segmented } from "@/components/ui/segmented";
import type { Schemas } from "@/lib/api/client";
import { type Expense, expenses, formatQuantity } from "@/lib/metrics";

import { prepareFront, sameQuestions } from "./plots";
import { describeScores, scoreNames } from "./prepare";
import { useScore } from "./use-score";

/** A score against latency or cost, with the Pareto front. */
export function FrontPanel({ comparison }: { comparison: Schemas["ComparisonOut"] }) {
  const [score] = useScore(scoreNames(comparison.experiments));
  const [expense, setExpense] = useState<Expense>("latency");
  const points = prepareFront(comparison, score, expense);
  const costs = prepareFront(comparison, score, "cost").some(({ x }) => x > 0);
  const { label, unit } = expenses[expense];
  if (points.length < 2) return null;
  if (!sameQuestions(comparison)) {
    return (
      <Panel title="Score against latency and cost">
        <p>Not drawn: the experiments do not have the same questions, and means over different ones make no front.</p>
      </Panel>
    );
  }
  return (
    <ChartPanel
      file="front"
      title="Score against latency and cost"
      hint={`${describeScores(comparison.experiments).labelOf(score)} with its 95 % interval against ${label.charAt(0).toLowerCase()}${label.slice(1)}; filled: on the Pareto front`}
      actions={
        costs && (
          <Segmented
            label="Against"
            value={expense}
            onChange={setExpense}
            options={[
              { value: "latency", label: "Latency" },
              { value: "cost", label: "Cost" },
            ]}
          />
        )
      }
    >
      <FrontPlot points={points} formatX={(value) => formatQuantity(value, unit)} />
    </ChartPanel>
  );
}
