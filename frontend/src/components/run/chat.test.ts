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
  it("is empty without tool calls", () => expect([readToolCalls(undefined), readToolCalls(null), readToolCalls([])]).toEqual([[], [], []]));
  it("drops nothing that is not a tool call", () => {
    expect(readToolCalls(["x", { a: 1 }])).toEqual([
      { name: "unknown", arguments: "x" },
      { name: "unknown", arguments: '{\n  "a": 1\n}' },
    ]);
    expect(readToolCalls("no list")).toEqual([{ name: "unknown", arguments: "no list" }]);
  });
});

describe("readMessage", () => {
  it("reads content, tool calls and tool results", () => {
    expect(readMessage({ role: "assistant", content: "I look.", tool_calls: call('{"query":"Zama"}') })).toEqual({
      role: "assistant",
      content: "I look.",
      toolCalls: [{ name: "search", arguments: "query: Zama" }],
      resultOf: undefined,
    });
    expect(readMessage({ role: "tool", content: "Found.", tool_call_id: "call_0" })).toMatchObject({ role: "tool", resultOf: "call_0", toolCalls: [] });
  });
  it("drops nothing that is not a message", () => expect(readMessage(3)).toMatchObject({ role: "unknown", content: "3" }));
});
