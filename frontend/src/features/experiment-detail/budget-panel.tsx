"use client";

import { useQuery } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useState } from "react";

import { BudgetBars } from "@/components/experiment/budget-bars";
import { IfMayWrite } from "@/components/layout/read-only";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import { budgetQueries, useLargerBudget } from "@/lib/api/budgets";
import type { Schemas } from "@/lib/api/client";
import { experimentHref } from "@/lib/api/mutations";
import { hasEnded, isLive } from "@/lib/experiment-status";

type Budget = Schemas["BudgetOut"];

const POLL_MS = 3_000;
const titles = { experiment: "Budget", comparison: "Budget of the comparison", day: "Budget of the day (UTC), of all experiments" } as const;
const limits = [
  { name: "usd", label: "US dollars", step: "any" },
  { name: "calls", label: "Calls", step: "1" },
  { name: "tokens", label: "Tokens", step: "1" },
] as const;

/** The budgets that count the calls of an experiment; one that is spent can be made larger, to go on. */
export function BudgetPanel({ experiment }: { experiment: Schemas["ExperimentOut"] }) {
  const live = isLive(experiment);
  const { data } = useQuery({ ...budgetQueries.of(experiment.id), refetchInterval: live ? POLL_MS : false });
  return data?.map((budget) => (
    <Panel key={budget.id} title={titles[budget.kind]} hint={budget.reason ?? (budget.kind === "comparison" ? `${budget.name}: what all its experiments have spent together` : undefined)}>
      <BudgetBars budget={budget} />
      {budget.kind !== "day" && budget.reason && hasEnded(experiment) && experiment.status !== "COMPLETED" && (
        <IfMayWrite>
          <Larger budget={budget} experimentId={experiment.id} />
        </IfMayWrite>
      )}
    </Panel>
  ));
}

function Larger({ budget, experimentId }: { budget: Budget; experimentId: string }) {
  const router = useRouter();
  const resume = useLargerBudget(experimentId);
  const limited = limits.filter(({ name }) => budget.limits[name] !== null);
  const [wanted, setWanted] = useState<Record<string, string>>(() => Object.fromEntries(limited.map(({ name }) => [name, String(2 * (budget.limits[name] ?? 0))])));
  const submit = () =>
    resume.mutate(
      { budget, limits: Object.fromEntries(limited.map(({ name }) => [name, Number(wanted[name])])) },
      { onSuccess: (ids) => router.push(ids.length === 1 ? experimentHref(ids[0] ?? experimentId) : `/compare/?ids=${ids.join(",")}`) },
    );
  return (
    <form
      className="mt-4 flex flex-wrap items-end gap-3 border-t pt-4"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {limited.map(({ name, label, step }) => (
        <Field key={name} label={`${label}, at most`} htmlFor={`larger-${name}`} className="w-40">
          <Input id={`larger-${name}`} type="number" min="0" step={step} required value={wanted[name] ?? ""} onChange={({ target }) => setWanted({ ...wanted, [name]: target.value })} />
        </Field>
      ))}
      <Button type="submit" disabled={resume.isPending}>
        {budget.kind === "comparison" ? "Resume the comparison" : "Resume"} with this budget
      </Button>
    </form>
  );
}
