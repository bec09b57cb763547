import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { changeExperiment } from "@/lib/api/annotations";
import { type BulkOutcome, type Chosen, inBulk } from "@/lib/api/bulk";
import { downloadRuns, type ExportFormat } from "@/lib/api/export";
import { cancelExperiment, deleteExperiment, restoreExperiment } from "@/lib/api/mutations";
import { experimentQueries } from "@/lib/api/queries";

export type BulkAction =
  | { kind: "archive" | "unarchive" | "cancel" | "delete" | "restore" }
  | { kind: "tag" | "untag"; tags: string[] }
  | { kind: "export"; format: ExportFormat };

/** What is done to one experiment, and how that is called afterwards. */
function stepOf(action: BulkAction): { did: string; step: (id: string) => Promise<unknown> } {
  switch (action.kind) {
    case "archive":
      return { did: "archived", step: (id) => changeExperiment(id, { archived: true }) };
    case "unarchive":
      return { did: "put back into lists", step: (id) => changeExperiment(id, { archived: false }) };
    case "tag":
      return { did: `tagged ${action.tags.join(", ")}`, step: (id) => changeExperiment(id, { add_tags: action.tags }) };
    case "untag":
      return { did: `no longer tagged ${action.tags.join(", ")}`, step: (id) => changeExperiment(id, { remove_tags: action.tags }) };
    case "cancel":
      return { did: "cancelled, or told to stop", step: cancelExperiment };
    case "delete":
      return { did: "deleted", step: deleteExperiment };
    case "restore":
      return { did: "restored", step: restoreExperiment };
    case "export":
      return { did: "exported", step: (id) => downloadRuns(id, action.format) };
  }
}

/** What takes an action back; `null`: nothing does. */
export function undoOf(action: BulkAction): BulkAction | null {
  if (action.kind === "delete") return { kind: "restore" };
  if (action.kind === "archive") return { kind: "unarchive" };
  return action.kind === "unarchive" ? { kind: "archive" } : null;
}

/** Does something to several experiments, and keeps what became of it until it is closed. */
export function useBulk() {
  const client = useQueryClient();
  const [outcome, setOutcome] = useState<(BulkOutcome & { action: BulkAction }) | null>(null);
  const bulk = useMutation({
    mutationFn: async ({ chosen, action }: { chosen: readonly Chosen[]; action: BulkAction }) => {
      const { did, step } = stepOf(action);
      return { ...(await inBulk(did, chosen, step)), action };
    },
    onSuccess: setOutcome,
    onSettled: () => client.invalidateQueries({ queryKey: experimentQueries.all }),
  });
  return { outcome, close: () => setOutcome(null), run: bulk.mutate, busy: bulk.isPending };
}
