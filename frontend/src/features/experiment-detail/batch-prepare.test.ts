import { describe, expect, it } from "vitest";

import { type BatchJob, describeBatchJobs, spanOf, statusOf } from "./batch-prepare";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const job: BatchJob = {
  number: 1,
  state: "submitted",
  provider_status: "in_progress",
  file_id: "file-1",
  batch_id: "batch_1",
  lines: 1000,
  done: 512,
  failed: 0,
  discount: 0.5,
  cancel_asked: false,
  last_error: null,
  created_at: "2026-01-01T11:00:00Z",
  submitted_at: "2026-01-01T11:00:00Z",
  ended_at: null,
  next_poll_at: "2026-01-01T12:01:30Z",
};

describe("statusOf", () => {
  it("is the provider's word", () => expect(statusOf(job)).toEqual({ label: "In progress", tone: "info" }));
  it("is ours before the provider has the job", () => expect(statusOf({ ...job, state: "uploading", provider_status: null }).label).toBe("Uploading"));
  it("shows how it has ended", () => {
    expect(statusOf({ ...job, state: "done", provider_status: "expired" })).toEqual({ label: "Expired", tone: "warn" });
    expect(statusOf({ ...job, state: "done", provider_status: null })).toEqual({ label: "Ended", tone: "plain" });
  });
});

describe("spanOf", () => {
  it("goes on while the provider works", () => expect(spanOf(job, NOW)).toBe("1 h 00 min"));
  it("ends with the job", () => expect(spanOf({ ...job, ended_at: "2026-01-01T11:20:00Z" }, NOW)).toBe("20 min 00 s"));
  it("is unknown before", () => expect(spanOf({ ...job, submitted_at: null }, NOW)).toBe("–"));
});

describe("describeBatchJobs", () => {
  it("has the discount and the next look", () => expect(describeBatchJobs([job], NOW)).toBe("1 job · 50 % off the price · the provider is asked again in 1 min 30 s"));
  it("says nothing of looks once all have ended", () => expect(describeBatchJobs([{ ...job, state: "done" }, { ...job, state: "done", discount: 0 }], NOW)).toBe("2 jobs"));
  it("says that it is time", () => expect(describeBatchJobs([job], NOW + 90_000)).toContain("the provider is being asked"));
});
