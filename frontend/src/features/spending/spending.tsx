"use client";

import { useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { toast } from "sonner";

import { ChartPanel } from "@/components/charts/chart-panel";
import { BudgetBars } from "@/components/experiment/budget-bars";
import { Page } from "@/components/layout/page";
import { Button } from "@/components/ui/button";
import { Panel } from "@/components/ui/panel";
import { Segmented } from "@/components/ui/segmented";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import type { Schemas } from "@/lib/api/client";
import { download } from "@/lib/api/download";
import { spendingCsvPath, spendingQueries } from "@/lib/api/spending";
import { formatCost, formatCount } from "@/lib/format";

import { DayChart } from "./day-chart";
import { Period } from "./period";
import { type Amount, dayBefore, type Grouping, prepareDays, todayUtc } from "./prepare";
import { SpendingTable } from "./spending-table";
import { SpendingTotals } from "./totals";

const AMOUNTS = [
  { value: "cost", label: "Cost" },
  { value: "calls", label: "Calls" },
  { value: "tokens", label: "Tokens" },
] as const satisfies readonly { value: Amount; label: string }[];
const GROUPINGS = [
  { value: "model", label: "Model" },
  { value: "method", label: "Method" },
  { value: "day", label: "Day" },
] as const satisfies readonly { value: Grouping; label: string }[];
const DAYS = 30;

const params = {
  since: parseAsString.withDefault(""),
  until: parseAsString.withDefault(""),
  show: parseAsStringLiteral(AMOUNTS.map(({ value }) => value)).withDefault("cost"),
  by: parseAsStringLiteral(GROUPINGS.map(({ value }) => value)).withDefault("model"),
};

/** What was spent in a period: by day, model and method. */
export function Spending() {
  const [{ since, until, show, by }, setAddress] = useQueryStates(params);
  const last = until || todayUtc();
  const first = since || dayBefore(last, DAYS - 1);
  const { data, error, refetch } = useQuery(spendingQueries.of(first, last));
  return (
    <Page
      title="Spending"
      lead="What the calls of models have taken, by the stored runs and the prices of the model catalog. Days are those of UTC."
      actions={
        <Button size="sm" onClick={() => void saveCsv(first, last)}>
          <Download aria-hidden="true" /> CSV
        </Button>
      }
    >
      <Period since={first} until={last} onChange={(next) => void setAddress(next)} />
      {data ? (
        <>
          <SpendingTotals total={data.total} />
          {data.budget && <DayBudget budget={data.budget} />}
          <ChartPanel
            title="By day"
            hint={show === "cost" ? "US dollars; ? where calls were made whose cost is not known" : "Of calls that were made; answers from the cache are none"}
            file="spending"
            actions={<Segmented label="Show" value={show} onChange={(next) => void setAddress({ show: next })} options={AMOUNTS} />}
          >
            <DayChart bars={prepareDays(data, show)} format={show === "cost" ? formatCost : formatCount} />
          </ChartPanel>
          <Panel
            title={`By ${by}`}
            actions={<Segmented label="Rows" value={by} onChange={(next) => void setAddress({ by: next })} options={GROUPINGS} />}
            flush
          >
            {data.total.runs > 0 ? <SpendingTable spending={data} grouping={by} /> : <Empty title="Nothing was spent">No run was stored in this period.</Empty>}
            <p className="border-t px-4 py-2 text-xs">{data.notes.join(" ")}</p>
          </Panel>
        </>
      ) : (
        <Panel flush>{error ? <Failure error={error} what="the spending" onRetry={() => void refetch()} /> : <SkeletonRows rows={6} className="h-14" />}</Panel>
      )}
    </Page>
  );
}

async function saveCsv(since: string, until: string) {
  try {
    await download(spendingCsvPath(since, until), `spending-${since}-${until}.csv`);
  } catch (error) {
    toast.error(error instanceof Error ? error.message : "The file could not be saved.");
  }
}

function DayBudget({ budget }: { budget: Schemas["BudgetOut"] }) {
  return (
    <Panel title="Budget of today" hint={budget.reason ?? `For all experiments together, on ${budget.name} (UTC). It counts calls of judges, too.`}>
      <BudgetBars budget={budget} />
    </Panel>
  );
}
