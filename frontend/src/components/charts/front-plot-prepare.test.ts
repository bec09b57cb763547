import { describe, expect, it } from "vitest";

import { type Place, placeLabels } from "./front-plot-prepare";

const RADIUS = 11;
const SIZE = { width: 600, height: 206 };

function closest(places: Place[]): number {
  return Math.min(...places.flatMap((one, index) => places.slice(index + 1).map((other) => Math.hypot(one.x - other.x, one.y - other.y))));
}

describe("the labels of a plot", () => {
  it("stand on their points where these are apart", () => {
    const points = [{ x: 10, y: 10 }, { x: 50, y: 10 }, { x: 10, y: 60 }];
    expect(placeLabels(points, RADIUS, SIZE)).toEqual(points);
  });

  it("do not overlap where points coincide; the first one keeps its place", () => {
    const points = Array.from({ length: 24 }, (_, index) => ({ x: 300 + (index % 3), y: 100 + (index % 2) }));
    const places = placeLabels(points, RADIUS, SIZE);
    expect(places[0]).toEqual(points[0]);
    expect(closest(places)).toBeGreaterThanOrEqual(2 * RADIUS);
    expect(places.every(({ x, y }, index) => Math.hypot(x - (points[index]?.x ?? 0), y - (points[index]?.y ?? 0)) < 100)).toBe(true);
  });

  it("stay within the plot", () => {
    const places = placeLabels(Array.from({ length: 9 }, () => ({ x: 600, y: 0 })), RADIUS, SIZE);
    expect(closest(places)).toBeGreaterThanOrEqual(2 * RADIUS);
    for (const { x, y } of places) {
      expect(x).toBeLessThanOrEqual(SIZE.width);
      expect(y).toBeGreaterThanOrEqual(0);
    }
  });

  it("fall back to their points where there is no place", () => {
    const points = Array.from({ length: 30 }, () => ({ x: 10, y: 5 }));
    expect(placeLabels(points, RADIUS, { width: 30, height: 30 })).toHaveLength(30);
  });
});
