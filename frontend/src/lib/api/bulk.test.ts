import { expect, it } from "vitest";

import { inBulk, outcomeText } from "./bulk";
import { ApiError } from "./errors";

const chosen = ["a", "b", "c", "d", "e", "f"].map((id) => ({ id, name: id.toUpperCase() }));

it("does all that is not refused, and says why the rest was", async () => {
  const asked: string[] = [];
  const outcome = await inBulk("tagged", chosen, (id) => {
    asked.push(id);
    if (id === "b") return Promise.reject(new ApiError(409, { message: "It has ended.", errors: [{ field: "x", message: "too many" }] }));
    return id === "e" ? Promise.reject(new Error("no network")) : Promise.resolve();
  });
  expect(asked.sort()).toEqual(["a", "b", "c", "d", "e", "f"]);
  expect(outcome.done.map(({ id }) => id)).toEqual(["a", "c", "d", "f"]);
  expect(outcome.refused).toEqual([
    { id: "b", name: "B", why: "It has ended. too many" },
    { id: "e", name: "E", why: "no network" },
  ]);
  expect(outcomeText(outcome)).toBe("4 of 6 experiments tagged");
  expect(outcomeText({ ...outcome, done: chosen.slice(0, 1), refused: [] })).toBe("1 experiment tagged");
});
