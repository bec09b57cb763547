import { describe, expect, it } from "vitest";

import { prepareAttributionTable } from "./attribution-prepare";

type Experiments = Parameters<typeof prepareAttributionTable>[0]["experiments"];

const experiment = (name: string, counts: [number, number, number, number] | null) => ({
  name,
  metrics: { attribution: counts && { supported: counts[0], unsupported: counts[1], misread: counts[2], not_retrieved: counts[3] } },
});

describe("prepareAttributionTable", () => {
  const experiments = [experiment("One", [6, 0, 3, 1]), experiment("Bare", null), experiment("None", [0, 0, 0, 0])] as unknown as Experiments;
  const { columns, rows } = prepareAttributionTable({ experiments });
  it("has a column for each experiment with retrieval, under its letter", () => {
    expect(columns).toEqual([
      { letter: "A", name: "One", total: 10 },
      { letter: "C", name: "None", total: 0 },
    ]);
  });
  it("has counts and shares; without any answer the share is unknown", () => {
    expect(rows.map(({ name, cells }) => [name, cells[0], cells[1]])).toEqual([
      ["supported", { count: 6, share: 0.6 }, { count: 0, share: null }],
      ["unsupported", { count: 0, share: 0 }, { count: 0, share: null }],
      ["misread", { count: 3, share: 0.3 }, { count: 0, share: null }],
      ["not_retrieved", { count: 1, share: 0.1 }, { count: 0, share: null }],
    ]);
  });
});
