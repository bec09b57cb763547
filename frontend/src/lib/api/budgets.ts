import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, type Schemas, unwrap } from "./client";
import { experimentQueries } from "./queries";

/** Queries of budgets. */
export const budgetQueries = {
  /** Those that count the calls of an experiment. */
  of: (id: string) =>
    queryOptions({
      queryKey: [...experimentQueries.all, "budgets", id],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/experiments/{experiment_id}/budgets", { params: { path: { experiment_id: id } }, signal })),
    }),
};

/** Continues an experiment, or all experiments that share a budget, with a larger one; gives the ids of those that go on. */
export function useLargerBudget(experimentId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ budget, limits }: { budget: Schemas["BudgetOut"]; limits: Schemas["Budget"] }) => {
      if (budget.kind === "comparison") {
        const path = { params: { path: { budget_id: budget.id } } };
        return (await unwrap(api.POST("/api/v1/comparisons/budgets/{budget_id}/resume", { ...path, body: { budget: limits } }))).ids;
      }
      const path = { params: { path: { experiment_id: experimentId } } };
      return [(await unwrap(api.POST("/api/v1/experiments/{experiment_id}/resume", { ...path, body: { budget: limits } }))).id];
    },
    onSettled: () => client.invalidateQueries({ queryKey: experimentQueries.all }),
  });
}
