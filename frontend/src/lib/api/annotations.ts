import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, type Schemas, unwrap } from "./client";
import { experimentQueries } from "./queries";

export type ExperimentChange = Partial<Schemas["ExperimentChange"]>;

/** Renames, tags, annotates or archives an experiment. */
export function changeExperiment(id: string, change: ExperimentChange): Promise<Schemas["ExperimentOut"]> {
  return unwrap(api.PATCH("/api/v1/experiments/{experiment_id}", { params: { path: { experiment_id: id } }, body: change }));
}

/** Changes one experiment; `quiet`: the form shows errors. */
export function useChangeExperiment(id: string, quiet = false) {
  const client = useQueryClient();
  return useMutation({
    meta: { quiet },
    mutationFn: (change: ExperimentChange) => changeExperiment(id, change),
    onSuccess: (experiment) => {
      client.setQueryData(experimentQueries.detail(id).queryKey, experiment);
      void client.invalidateQueries({ queryKey: experimentQueries.all });
    },
  });
}
