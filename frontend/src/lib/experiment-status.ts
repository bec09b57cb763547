import type { Schemas } from "./api/client";

type Status = Schemas["ExperimentStatus"];

/** The fields of an experiment that its shown status is derived from. */
export interface StatusFields {
  status: Status;
  queued: boolean;
}

/** The status that users see: that of the API, with `PENDING` split into not started and queued. */
export type ShownStatus = Exclude<Status, "PENDING"> | "NOT_STARTED" | "QUEUED";

/** The API calls an experiment `PENDING` both before it is started and while it waits for a worker; `queued` tells which. */
export function shownStatus({ status, queued }: StatusFields): ShownStatus {
  if (status !== "PENDING") return status;
  return queued ? "QUEUED" : "NOT_STARTED";
}

/** Whether the status is final. */
export function hasEnded({ status }: Pick<StatusFields, "status">): boolean {
  return status === "COMPLETED" || status === "FAILED" || status === "CANCELLED";
}

/** Whether an experiment waits for a worker or is running: a page has to keep it up to date. */
export function isLive(experiment: StatusFields): boolean {
  const status = shownStatus(experiment);
  return status === "RUNNING" || status === "QUEUED";
}
