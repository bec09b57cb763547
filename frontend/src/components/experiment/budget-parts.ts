import type { Schemas } from "@/lib/api/client";
import { formatCost, formatCount } from "@/lib/format";

/** What was spent of a budget, limit by limit. */
export function budgetParts({ limits, spent }: Schemas["BudgetOut"]): { name: string; share: number; text: string }[] {
  const parts: { name: string; share: number; text: string }[] = [];
  const add = (name: string, limit: number | null, value: number, text: (amount: number) => string) => {
    if (limit !== null) parts.push({ name, share: Math.min(1, value / limit), text: `${text(value)} of ${text(limit)}` });
  };
  add("US dollars", limits.usd, spent.usd, formatCost);
  add("Calls", limits.calls, spent.calls, formatCount);
  add("Tokens", limits.tokens, spent.tokens, formatCount);
  return parts;
}
