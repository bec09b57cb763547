import { expect, it } from "vitest";

import { endingText } from "./notifications";

const one = (name: string, sequential_id: string | null = null) => ({ name, status: "COMPLETED", sequential_id });

it("tells of one, of several, and of a comparison as a whole", () => {
  expect(endingText([{ ...one("A"), status: "FAILED" }])).toEqual({ title: "A: failed", body: "The experiment has ended." });
  expect(endingText([one("A"), one("B")])).toEqual({ title: "2 experiments have ended", body: "A: completed\nB: completed" });
  expect(endingText([one("A", "c"), one("B", "c")]).title).toBe("A comparison has ended");
  expect(endingText([one("A", "c"), one("B", "d")]).title).toBe("2 experiments have ended");
});
