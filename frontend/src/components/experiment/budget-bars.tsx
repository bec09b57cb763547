import { Progress } from "@/components/ui/progress";
import type { Schemas } from "@/lib/api/client";

import { budgetParts } from "./budget-parts";

/** What was spent of a budget: a bar for each of its limits. */
export function BudgetBars({ budget }: { budget: Schemas["BudgetOut"] }) {
  return (
    <dl className="grid gap-x-8 gap-y-3 sm:grid-cols-3">
      {budgetParts(budget).map(({ name, share, text }) => (
        <div key={name}>
          <dt className="text-xs">{name}</dt>
          <dd className="num text-ink">{text}</dd>
          <dd>
            <Progress done={share} total={1} label={`${name}: ${text}`} className="mt-1" />
          </dd>
        </div>
      ))}
    </dl>
  );
}
