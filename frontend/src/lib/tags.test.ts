import { expect, it } from "vitest";

import { tagsIn } from "./tags";

it("parts tags at commas, and drops doubles, spaces and those that are there", () => {
  expect(tagsIn(" pilot, a  b ,pilot,, paper", ["paper"])).toEqual(["pilot", "a b"]);
  expect(tagsIn("  ")).toEqual([]);
});
