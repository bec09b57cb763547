import { describe, expect, it } from "vitest";

import { describeParts, stageParts, type StageProfile } from "./stages-prepare";

type Stage = StageProfile["stages"][number];

function profile(...stages: [string, Stage["group"], number, boolean?][]): StageProfile {
  return {
    runs: 10,
    wall_p50_ms: 1,
    wall_p95_ms: 1,
    own_p50_ms: 1,
    own_p95_ms: 1,
    bottleneck: "",
    stages: stages.map(([name, group, mean_ms, waits = false]) => ({ name, label: name, group, waits, p50_ms: mean_ms, p95_ms: mean_ms, mean_ms, share: 0 })),
  };
}

const rag = profile(["search_wait", "waiting", 40, true], ["embedding", "retrieval", 30], ["dense", "retrieval", 20], ["prompt", "prompt", 1], ["slot", "waiting", 500, true], ["call", "model", 145], ["storing", "storing", 4]);

describe("stageParts", () => {
  it("adds up what shares a colour, and leaves out waits for others", () =>
    expect(stageParts(rag).map(({ name, ms }) => [name, ms])).toEqual([
      ["retrieval", 50],
      ["model", 145],
      ["platform", 5],
    ]));
  it("keeps waits of the question's own", () =>
    expect(stageParts(profile(["backoff", "waiting", 7])).map(({ name }) => name)).toEqual(["waiting"]));
});

describe("describeParts", () => {
  it("says it in words", () =>
    expect(describeParts(stageParts(rag))).toBe("Of 200 ms a question on average: Retrieval 25.0 %; Model 72.5 %; Prompt, cache, storing 2.5 %."));
  it("says so if there is nothing", () => expect(describeParts([])).toBe("No time was measured."));
});
