import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import type { Schemas } from "@/lib/api/client";
import { labelQueries, type LabelOrder, putLabel, removeLabel } from "@/lib/api/labels";

import type { Verdict } from "./keys";

type Queued = Schemas["QueuedRunOut"];

/** Labels are sent in their order: one that is taken back is stored before. */
const scope = { id: "labels" };
const mutationKey = ["labels"];

/** The queue of one person: the answer to look at, and what stores its label and takes the last one back. The next answer is there at once; one whose label cannot be stored comes back. */
export function useLabelling(ids: readonly string[], labeller: string, order: LabelOrder) {
  const client = useQueryClient();
  const options = labelQueries.queue(ids, labeller, order);
  const queue = useQuery({ ...options, enabled: ids.length > 0 && labeller !== "" });
  const [last, setLast] = useState<Queued | null>(null);

  const take = (run: Queued) =>
    client.setQueryData(options.queryKey, (before) => before && { ...before, labelled: before.labelled + 1, waiting: before.waiting.filter((one) => one.run_id !== run.run_id) });
  const giveBack = (run: Queued) =>
    client.setQueryData(options.queryKey, (before) => before && { ...before, labelled: Math.max(0, before.labelled - 1), waiting: [run, ...before.waiting] });
  const onSettled = () => {
    void client.invalidateQueries({ queryKey: [...labelQueries.all, "summary"] });
    // Asked before the last label is stored, the server would give answers back that are labelled already.
    const isLast = client.isMutating({ mutationKey }) === 1;
    if (isLast && client.getQueryData(options.queryKey)?.waiting.length === 0) void client.invalidateQueries({ queryKey: options.queryKey });
  };

  const put = useMutation({
    scope,
    mutationKey,
    mutationFn: ({ run, verdict, failure, note }: { run: Queued; verdict: Verdict; failure: string; note: string }) =>
      putLabel({ run_id: run.run_id, labeller, verdict, failure: failure || null, note }),
    onMutate: ({ run }) => {
      setLast(run);
      take(run);
    },
    onError: (_, { run }) => {
      setLast(null);
      giveBack(run);
    },
    onSettled,
  });
  const undo = useMutation({
    scope,
    mutationKey,
    mutationFn: (run: Queued) => removeLabel(run.run_id, labeller),
    onMutate: (run) => {
      setLast(null);
      giveBack(run);
    },
    onError: (_, run) => {
      take(run);
    },
    onSettled,
  });
  return { queue, put, undo, last, current: queue.data?.waiting[0] ?? null };
}
