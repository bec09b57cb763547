import { expect, it } from "vitest";

import { hasEnded, isLive, shownStatus, type StatusFields } from "./experiment-status";

it.each<[StatusFields, string, boolean, boolean]>([
  [{ status: "PENDING", queued: false }, "NOT_STARTED", false, false],
  [{ status: "PENDING", queued: true }, "QUEUED", true, false],
  [{ status: "RUNNING", queued: true }, "RUNNING", true, false],
  [{ status: "COMPLETED", queued: true }, "COMPLETED", false, true],
  [{ status: "FAILED", queued: true }, "FAILED", false, true],
  [{ status: "CANCELLED", queued: false }, "CANCELLED", false, true],
])("%j is shown as %s", (experiment, shown, live, ended) => {
  expect([shownStatus(experiment), isLive(experiment), hasEnded(experiment)]).toEqual([shown, live, ended]);
});
