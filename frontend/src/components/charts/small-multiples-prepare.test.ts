import { expect, test } from "vitest";

import { cutTitle, layoutOf, PANEL } from "./small-multiples-prepare";

test.each([
  [1000, 6, 4],
  [1000, 2, 2],
  [300, 6, 1],
  [0, 3, 1],
])("in %i pixels %i panels stand in %i columns", (width, panels, columns) => {
  const layout = layoutOf(width, panels, 3);
  expect(layout.columns).toBe(columns);
  expect(layout.columns * layout.width + (columns - 1) * PANEL.gap).toBeCloseTo(width);
  expect(layout.total).toBe(Math.ceil(panels / columns) * layout.height);
});

test("a long title is cut", () => {
  expect(cutTitle("a title that is much too long for its panel", 100)).toMatch(/^a title that i.*…$/);
  expect(cutTitle("short", 100)).toBe("short");
});
