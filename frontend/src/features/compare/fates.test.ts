import { describe, expect, it } from "vitest";

import { prepareFates } from "./fates";

type Experiments = Parameters<typeof prepareFates>[0]["experiments"];

const experiment = (name: string, counts: [number, number, number, number] | null) => ({
  name,
  metrics: { attribution: counts && { supported: counts[0], unsupported: counts[1], misread: counts[2], not_retrieved: counts[3] } },
});

describe("prepareFates", () => {
  const experiments = [experiment("One", [6, 0, 3, 1]), experiment("Bare", null), experiment("None", [0, 0, 0, 0])] as unknown as Experiments;
  const { columns, rows } = prepareFates({ experiments });
  it("has a column for each that retrieved, under its letter", () => {
    expect(columns).toEqual([
      { letter: "A", name: "One", total: 10 },
      { letter: "C", name: "None", total: 0 },
    ]);
  });
  it("has counts and shares; of nothing the share is unknown", () => {
    expect(rows.map(({ fate, cells }) => [fate, cells[0], cells[1]])).toEqual([
      ["supported", { count: 6, share: 0.6 }, { count: 0, share: null }],
      ["unsupported", { count: 0, share: 0 }, { count: 0, share: null }],
      ["misread", { count: 3, share: 0.3 }, { count: 0, share: null }],
      ["not_retrieved", { count: 1, share: 0.1 }, { count: 0, share: null }],
    ]);
  });
});
