import { describe, expect, it } from "vitest";

import { readMessage, readToolCalls } from "./chat";

const call = (written: unknown) => [{ id: "call_0", type: "function", function: { name: "search", arguments: written } }];

describe("readToolCalls", () => {
  it.each([
    ['{"query":"Zama","k":3}', "query: Zama\nk: 3"],
    [{ query: "Zama" }, "query: Zama"],
    ['{"query":', '{"query":'],
    ["[1, 2]", "[\n  1,\n  2\n]"],
    [undefined, ""],
  ])("reads arguments written as %j", (written, text) => {
    expect(readToolCalls(call(written))).toEqual([{ name: "search", arguments: text }]);
  });
  it("is nothing where nothing is asked for", () => expect([readToolCalls(undefined), readToolCalls(null), readToolCalls([])]).toEqual([[], [], []]));
  it("loses nothing of what is no call", () => {
    expect(readToolCalls(["x", { a: 1 }])).toEqual([
      { name: "unknown", arguments: "x" },
      { name: "unknown", arguments: '{\n  "a": 1\n}' },
    ]);
    expect(readToolCalls("no list")).toEqual([{ name: "unknown", arguments: "no list" }]);
  });
});

describe("readMessage", () => {
  it("reads what is said, what is asked for, and what is answered", () => {
    expect(readMessage({ role: "assistant", content: "I look.", tool_calls: call('{"query":"Zama"}') })).toEqual({
      role: "assistant",
      content: "I look.",
      asks: [{ name: "search", arguments: "query: Zama" }],
      answers: undefined,
    });
    expect(readMessage({ role: "tool", content: "Found.", tool_call_id: "call_0" })).toMatchObject({ role: "tool", answers: "call_0", asks: [] });
  });
  it("loses nothing of what is no message", () => expect(readMessage(3)).toMatchObject({ role: "unknown", content: "3" }));
});
