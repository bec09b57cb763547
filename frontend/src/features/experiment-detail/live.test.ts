import { describe, expect, it } from "vitest";

import { describeQueue, describeWait, titleOf } from "./live";

type Experiment = Parameters<typeof titleOf>[0];

const progress = { done: 0, in_flight: 8, note: null } as unknown as Experiment["progress"];
const running: Experiment = { id: "a", name: "Run", status: "RUNNING", queued: false, progress, total: 40, model: "local/small", queued_at: null };
const queued: Experiment = { ...running, id: "q", status: "PENDING", queued: true, progress: null, queued_at: "2026-01-01T00:00:05Z" };

it("has the progress in the title while it runs", () => {
  expect(titleOf({ ...running, progress: { ...progress, done: 19 } as Experiment["progress"] })).toBe("47 % Run");
  expect(titleOf({ ...running, status: "COMPLETED" })).toBe("Run");
});

describe("describeQueue", () => {
  it("counts what runs and what waits before it", () => {
    const earlier = { ...queued, id: "e", queued_at: "2026-01-01T00:00:01Z" };
    const later = { ...queued, id: "l", queued_at: "2026-01-01T00:00:09Z" };
    const draft = { ...earlier, id: "d", queued: false };
    expect(describeQueue(queued, [running, earlier, later, draft, queued])).toBe("In the queue: 1 running, 1 waiting before this one.");
  });
  it("goes by the place that the API tells", () => expect(describeQueue({ ...queued, queue_position: 4 }, [queued])).toBe("In the queue: 3 waiting before this one."));
  it("says if it is the next", () => expect(describeQueue(queued, [queued])).toContain("Next in the queue"));
});

describe("describeWait", () => {
  it("tells that the worker is silent", () => expect(describeWait({ ...running, progress: { ...progress, done: 5 } as Experiment["progress"] }, 7.4)).toContain("for 7 s"));
  it("tells that a local model is loaded", () => expect(describeWait(running, 1)).toContain("is loaded first"));
  it("promises no loading of a hosted model", () => expect(describeWait({ ...running, model: "openai/x" }, 1)).toBe("Waiting for the first answer: 8 calls in flight."));
  it("tells that only the provider works", () => {
    const waiting = { ...progress, waiting_for: "the provider's batch job: 5 of 9 calls are done" } as Experiment["progress"];
    expect(describeWait({ ...running, progress: waiting, heartbeat_at: null }, 60)).toBe("No worker is needed at the moment: waiting for the provider's batch job: 5 of 9 calls are done.");
  });
  it("says nothing once there are answers, or of what has ended", () => {
    expect(describeWait({ ...running, progress: { ...progress, done: 1 } as Experiment["progress"] }, 1)).toBe("");
    expect(describeWait({ ...running, status: "COMPLETED" }, 99)).toBe("");
  });
});
