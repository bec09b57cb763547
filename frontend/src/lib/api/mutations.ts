import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { toast } from "sonner";

import { api, type Schemas, unwrap } from "./client";
import { experimentQueries, resultQueries } from "./queries";

export function experimentHref(id: string): string {
  return `/experiments/view/?id=${id}`;
}

const path = (id: string) => ({ params: { path: { experiment_id: id } } });

export const cancelExperiment = (id: string) => unwrap(api.POST("/api/v1/experiments/{experiment_id}/cancel", path(id)));
export const deleteExperiment = (id: string) => unwrap(api.DELETE("/api/v1/experiments/{experiment_id}", path(id)));
export const restoreExperiment = (id: string) => unwrap(api.POST("/api/v1/experiments/{experiment_id}/restore", path(id)));

const requests = {
  run: (id: string) => unwrap(api.POST("/api/v1/experiments/{experiment_id}/run", path(id))),
  resume: (id: string) => unwrap(api.POST("/api/v1/experiments/{experiment_id}/resume", path(id))),
  retry: (id: string) => unwrap(api.POST("/api/v1/experiments/{experiment_id}/retry-failed", path(id))),
  cancel: cancelExperiment,
};

/** Starts, resumes or cancels an experiment, or asks again for its failed runs. Resuming one that has ended creates a new experiment, which is then shown. */
export function useExperimentAction(action: keyof typeof requests) {
  const client = useQueryClient();
  const router = useRouter();
  return useMutation({
    mutationFn: (id: string) => requests[action](id),
    onSuccess: (experiment, id) => {
      client.setQueryData(experimentQueries.detail(experiment.id).queryKey, experiment);
      void client.invalidateQueries({ queryKey: experimentQueries.all });
      void client.invalidateQueries({ queryKey: resultQueries.of(experiment.id) });
      if (experiment.id !== id) {
        toast("A new experiment continues the one that ended.", { description: experiment.name });
        router.push(experimentHref(experiment.id));
      }
    },
  });
}

/** Creates an experiment and, if `run` is set, starts it. The form shows errors. */
export function useCreateExperiment() {
  const client = useQueryClient();
  return useMutation({
    meta: { quiet: true },
    mutationFn: async ({ body, run }: { body: Schemas["ExperimentCreate"]; run: boolean }) => {
      const created = await unwrap(api.POST("/api/v1/experiments", { body }));
      return run ? requests.run(created.id) : created;
    },
    onSettled: () => client.invalidateQueries({ queryKey: experimentQueries.all }),
  });
}

/** Deletes an experiment; a toast offers to restore it. */
export function useDeleteExperiment() {
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: experimentQueries.all });
  const restore = async (id: string) => {
    await restoreExperiment(id);
    await refresh();
  };
  return useMutation({
    mutationFn: deleteExperiment,
    onSuccess: (_, id) => {
      toast("Experiment deleted", {
        duration: 10_000,
        action: {
          label: "Undo",
          onClick: () => void restore(id).catch(() => toast.error("Could not restore. Try again.")),
        },
      });
    },
    onSettled: refresh,
  });
}
