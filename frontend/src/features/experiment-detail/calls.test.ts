import { describe, expect, it } from "vitest";

import { readCall, tokensSaid } from "./calls";

describe("readCall", () => {
  it("reads messages, why it finished, and what it took", () => {
    const call = { messages: [{ role: "user", content: "Hi" }], finish_reason: "stop", text: "Hello", prompt_tokens: 1812, completion_tokens: 30, latency_ms: 1234 };
    expect(readCall(call)).toEqual({
      messages: [{ role: "user", content: "Hi", asks: [], answers: undefined }],
      finish: "stop",
      text: "Hello",
      vote: undefined,
      asks: [],
      constraint: undefined,
      tools: "",
      error: undefined,
      took: "1,812 in, 30 out · 1.23 s",
    });
    expect(readCall({ ...call, cached: true }).took).toBe("1,812 in, 30 out · from cache");
  });
  it("reads how a sample voted", () => {
    expect(readCall({ messages: [], vote: { counted_as: "18", votes: 3 } }).vote).toBe("18: 3 votes");
    expect(readCall({ messages: [], vote: { counted_as: null, parse_outcome: "no_answer" } }).vote).toBe("no vote (no_answer)");
  });
  it("reads the tools that were offered and asked for, and the form of the answer", () => {
    const { asks, tools, constraint } = readCall({
      messages: [],
      tool_calls: [{ id: "1", type: "function", function: { name: "calculator", arguments: '{"expression":"6*7"}' } }],
      tools: [{ type: "function" }],
      constraint: { kind: "grammar", text: "root ::= x" },
    });
    expect(asks).toEqual([{ name: "calculator", arguments: "expression: 6*7" }]);
    expect(JSON.parse(tools)).toEqual([{ type: "function" }]);
    expect(constraint).toEqual({ kind: "grammar", text: "root ::= x" });
  });
  it("reads why a call was not answered", () => {
    expect(readCall({ messages: [], error: { kind: "rate_limit", message: "Slow down." } })).toMatchObject({ error: "Rate limit: Slow down.", took: "" });
  });
  it.each([["text"], [null], [{ messages: "x" }], [{ messages: [3] }], [[1]]])("loses nothing of %j", (call) => {
    expect(() => readCall(call)).not.toThrow();
  });
  it("shows what is no call as it is", () => expect(readCall([1]).messages[0]?.content).toBe("[\n  1\n]"));
});

it("says tokens only where both are known", () => {
  expect([tokensSaid(10, 2), tokensSaid(null, 2), tokensSaid(10, undefined)]).toEqual(["10 in, 2 out", "", ""]);
});
