import { expect, it } from "vitest";

import { prepareOutcomes, prepareTools, sumTools } from "./agent-prepare";

it("lists agent outcomes, answered ones first, without those that did not occur", () => {
  expect(prepareOutcomes({ runs: 8, outcomes: { gave_up: 1, stuck: 2, failed: 0, answered: 5 } })).toEqual([
    { outcome: "answered", label: "Answered", count: 5, share: 0.625 },
    { outcome: "stuck", label: "Stuck", count: 2, share: 0.25 },
    { outcome: "gave_up", label: "Gave up", count: 1, share: 0.125 },
  ]);
});

it("sums tool calls by tool and by result", () => {
  const rows = prepareTools({ calculator: { successful: 3, failed: 1, unneeded: 0 }, made_up: { successful: 0, failed: 2, unneeded: 0 } });
  expect(rows.map(({ tool, total }) => [tool, total])).toEqual([
    ["calculator", 4],
    ["made_up", 2],
  ]);
  expect(sumTools(rows)).toEqual({ successful: 3, failed: 3, unneeded: 0, total: 6 });
});
