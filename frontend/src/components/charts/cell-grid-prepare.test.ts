import { describe, expect, it } from "vitest";

import { cellAt, layoutCells, moveInGrid } from "./cell-grid-prepare";

describe("layoutCells", () => {
  it.each([0, 1, 100, 5000, 10_000])("has a place for each of %s cells", (count) => {
    const layout = layoutCells(count, 900);
    expect(layout.columns * Math.ceil(layout.height / layout.pitch)).toBeGreaterThanOrEqual(count);
    expect(layout.width).toBeLessThanOrEqual(900);
  });

  it("has no columns while the width is unknown", () => expect(layoutCells(100, 0).columns).toBe(0));
});

describe("cellAt", () => {
  const layout = layoutCells(100, 205);
  it("finds the cell at each cell's middle", () => {
    for (let index = 0; index < 100; index++) {
      const x = (index % layout.columns) * layout.pitch + layout.pitch / 2;
      const y = Math.floor(index / layout.columns) * layout.pitch + layout.pitch / 2;
      expect(cellAt(x, y, layout, 100)).toBe(index);
    }
  });

  it("finds none outside of the grid or after the last cell", () => {
    expect(cellAt(-1, 5, layout, 100)).toBeUndefined();
    expect(cellAt(layout.columns * layout.pitch + 1, 5, layout, 100)).toBeUndefined();
    expect(cellAt(5, 5, layout, 0)).toBeUndefined();
  });
});

describe("moveInGrid", () => {
  it.each([
    ["ArrowRight", 0, 1],
    ["ArrowLeft", 0, 0],
    ["ArrowDown", 5, 15],
    ["ArrowUp", 5, 5],
    ["ArrowDown", 95, 95],
    ["Home", 50, 0],
    ["End", 50, 99],
    ["ArrowRight", undefined, 0],
  ])("%s moves from %s to %s", (key, from, to) => expect(moveInGrid(key, from, 100, 10)).toBe(to));

  it("ignores other keys", () => expect(moveInGrid("x", 1, 100, 10)).toBeUndefined());
  it("does not move without cells", () => expect(moveInGrid("ArrowRight", undefined, 0, 10)).toBeUndefined());
});
