import { describe, expect, it } from "vitest";

import { describeBin, prepareHistogram } from "./histogram-prepare";

/** Repeatable noise in [0, 1). */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

describe("prepareHistogram", () => {
  it("is empty for no values", () => expect(prepareHistogram([null, null])).toEqual({ bins: [], highest: 0, n: 0 }));

  it("accepts a single value", () => {
    const { bins, n } = prepareHistogram([40]);
    expect(n).toBe(1);
    expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(1);
  });

  it("loses no value, whatever the scale", () => {
    const random = noise(7);
    for (const scale of [0.01, 1, 900, 60_000]) {
      for (const n of [2, 17, 1000]) {
        const values = Array.from({ length: n }, () => scale * (1 + random() ** 3 * 20));
        const { bins, highest } = prepareHistogram([...values, null]);
        expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(n);
        expect(bins.length).toBeLessThanOrEqual(45);
        expect(Math.max(...bins.map(({ count }) => count))).toBe(highest);
        for (const [index, bin] of bins.entries()) expect(bin.from).toBeCloseTo(bins[index - 1]?.to ?? bin.from, 9);
      }
    }
  });

  it("has bins of a round width", () => {
    const widthOf = (values: number[]) => (({ bins: [bin] }) => (bin ? bin.to - bin.from : 0))(prepareHistogram(values));
    expect(widthOf([0, 16])).toBeCloseTo(2, 12);
    expect(widthOf([100, 500])).toBeCloseTo(50, 12);
    expect(widthOf([0.1, 0.14])).toBeCloseTo(0.005, 12);
  });

  it("puts each value between the edges of its bin", () => {
    const { bins } = prepareHistogram([10, 11, 12, 19, 20, 21, 30, 49.9]);
    const counted = bins.filter(({ count }) => count > 0);
    expect(counted[0]?.from).toBeLessThanOrEqual(10);
    expect(bins.at(-1)?.open).toBe(false);
    expect(bins.at(-1)?.to).toBeGreaterThan(49.9);
  });

  it("collects a few slow calls in the last bin", () => {
    const { bins } = prepareHistogram([...Array.from({ length: 300 }, (_, i) => 40 + (i % 10)), 30_000, 40_000]);
    expect(bins.at(-1)?.open).toBe(true);
    expect(bins.at(-1)?.to).toBeLessThan(1000);
    expect(describeBin({ from: 45, to: 46, count: 2, open: true })).toBe("45 ms and more: 2 runs");
    expect(describeBin({ from: 45, to: 46, count: 1, open: false })).toBe("45 ms to 46 ms: 1 run");
  });
});
