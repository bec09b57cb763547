import { describe, expect, it } from "vitest";

import { actionOf } from "./keys";

const plain = { modified: false, typing: false, repeated: false };

describe("actionOf", () => {
  it("reads the first letters of the verdicts, in either case", () => {
    expect(actionOf({ key: "r", ...plain })).toBe("right");
    expect(actionOf({ key: "W", ...plain })).toBe("wrong");
    expect(actionOf({ key: "u", ...plain })).toBe("unclear");
    expect(actionOf({ key: "z", ...plain })).toBe("undo");
    expect(actionOf({ key: "x", ...plain })).toBeNull();
  });

  it("leaves alone what is text, a command of the browser, or a key held down", () => {
    expect(actionOf({ key: "r", ...plain, typing: true })).toBeNull();
    expect(actionOf({ key: "r", ...plain, modified: true })).toBeNull();
    expect(actionOf({ key: "w", ...plain, repeated: true })).toBeNull();
  });
});
