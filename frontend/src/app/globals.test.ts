import { readFileSync } from "node:fs";

import { expect, it } from "vitest";

const css = readFileSync(new URL("./globals.css", import.meta.url), "utf8");
const blocks = { light: css.slice(css.indexOf("@theme"), css.indexOf(":root[data-theme")), dark: css.slice(css.indexOf(":root[data-theme"), css.indexOf("@layer base")) };

/** The tokens of one theme that are colours. */
function tokens(block: string): Map<string, string> {
  return new Map([...block.matchAll(/--color-([a-z0-9-]+): (#[0-9a-f]{6});/g)].map(([, name = "", value = ""]) => [name, value]));
}

/** Contrast of two colours as WCAG 2 defines it. */
function contrast(one: string, other: string): number {
  const luminance = (hex: string) =>
    [0.2126, 0.7152, 0.0722].reduce((sum, weight, index) => {
      const channel = Number.parseInt(hex.slice(1 + 2 * index, 3 + 2 * index), 16) / 255;
      return sum + weight * (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4);
    }, 0);
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

it("has the same tokens in the light and in the dark", () => {
  expect([...tokens(blocks.dark).keys()]).toEqual([...tokens(blocks.light).keys()]);
});

it.each(Object.entries(blocks))("has text that can be read: %s", (_, block) => {
  const colours = tokens(block);
  const paper = colours.get("paper") ?? "";
  for (const name of ["ink", "muted", "good", "bad", "warn", "info"]) expect(contrast(colours.get(name) ?? "", paper), name).toBeGreaterThan(4.5);
  // The letters of points in plots.
  expect(contrast(colours.get("data-1") ?? "", paper)).toBeGreaterThan(4.5);
});

it("has data colours that show on paper in the dark", () => {
  const colours = tokens(blocks.dark);
  for (let index = 1; index <= 6; index++) expect(contrast(colours.get(`data-${index}`) ?? "", colours.get("paper") ?? "")).toBeGreaterThan(3);
});
