import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";

import type { Schemas } from "@/lib/api/client";
import { labelQueries, type LabelOrder, putLabel, removeLabel } from "@/lib/api/labels";

import type { Verdict } from "./keys";

/** From so few waiting answers on, the next ones are asked for. */
const FEW = 1;

/** The queue of one person: the answer to look at, and what stores its label and takes the last one back. */
export function useLabelling(ids: readonly string[], labeller: string, order: LabelOrder) {
  const client = useQueryClient();
  const options = labelQueries.queue(ids, labeller, order);
  const queue = useQuery({ ...options, enabled: ids.length > 0 && labeller !== "" });
  const [last, setLast] = useState<Schemas["QueuedRunOut"] | null>(null);

  const refresh = useCallback(() => client.invalidateQueries({ queryKey: labelQueries.all }), [client]);
  const put = useMutation({
    mutationFn: async ({ run, verdict, failure, note }: { run: Schemas["QueuedRunOut"]; verdict: Verdict; failure: string; note: string }) => {
      await putLabel({ run_id: run.run_id, labeller, verdict, failure: failure || null, note });
      return run;
    },
    onSuccess: async (run) => {
      setLast(run);
      const before = client.getQueryData(options.queryKey);
      if (!before || before.waiting.length <= FEW) return refresh();
      client.setQueryData(options.queryKey, { ...before, labelled: before.labelled + 1, waiting: before.waiting.filter((one) => one.run_id !== run.run_id) });
      await client.invalidateQueries({ queryKey: [...labelQueries.all, "summary"] });
    },
  });
  const undo = useMutation({
    mutationFn: async (run: Schemas["QueuedRunOut"]) => {
      await removeLabel(run.run_id, labeller);
      return run;
    },
    onSuccess: (run) => {
      setLast(null);
      const before = client.getQueryData(options.queryKey);
      if (before) client.setQueryData(options.queryKey, { ...before, labelled: Math.max(0, before.labelled - 1), waiting: [run, ...before.waiting] });
    },
  });
  return { queue, put, undo, last, current: queue.data?.waiting[0] ?? null };
}
