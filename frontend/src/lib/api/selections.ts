import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, type Schemas, unwrap } from "./client";
import { datasetQueries } from "./queries";

/** What a dataset is made of: the filter of an experiment's runs, or of a comparison. */
export type Selection = Schemas["SelectionCreate"]["selection"];

/** Makes a dataset of the questions that a filter selects. The form shows errors. */
export function useSelectDataset() {
  const client = useQueryClient();
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: Schemas["SelectionCreate"]) => unwrap(api.POST("/api/v1/datasets/selections", { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: datasetQueries.all }),
  });
}
