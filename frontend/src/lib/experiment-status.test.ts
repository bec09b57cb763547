import { expect, it } from "vitest";

import { hasEnded, isLive, shownStatus, type StatusFields } from "./experiment-status";

const at = "2026-01-01T00:00:00Z";

it.each<[StatusFields, string, boolean, boolean]>([
  [{ status: "PENDING", queued_at: null }, "NOT_STARTED", false, false],
  [{ status: "PENDING" }, "NOT_STARTED", false, false],
  [{ status: "PENDING", queued_at: at }, "QUEUED", true, false],
  [{ status: "RUNNING", queued_at: at }, "RUNNING", true, false],
  [{ status: "COMPLETED", queued_at: at }, "COMPLETED", false, true],
  [{ status: "FAILED", queued_at: at }, "FAILED", false, true],
  [{ status: "CANCELLED", queued_at: null }, "CANCELLED", false, true],
])("%j is shown as %s", (experiment, shown, live, ended) => {
  expect([shownStatus(experiment), isLive(experiment), hasEnded(experiment)]).toEqual([shown, live, ended]);
});
