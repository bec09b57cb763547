import { describe, expect, it } from "vitest";

import { formatTokens, readCall } from "./calls";

describe("readCall", () => {
  it("reads messages, finish reason and usage", () => {
    const call = { messages: [{ role: "user", content: "Hi" }], finish_reason: "stop", text: "Hello", prompt_tokens: 1812, completion_tokens: 30, latency_ms: 1234 };
    expect(readCall(call)).toEqual({
      messages: [{ role: "user", content: "Hi", toolCalls: [], resultOf: undefined }],
      finish: "stop",
      text: "Hello",
      thinking: "",
      vote: undefined,
      toolCalls: [],
      constraint: undefined,
      tools: "",
      error: undefined,
      usage: "1,812 in, 30 out · 1.23 s",
    });
    expect(readCall({ ...call, cached: true }).usage).toBe("1,812 in, 30 out · from cache");
  });
  it("tells what a call took for several prompts together", () => {
    const group = { id: "1", size: 8, prompt_tokens: 640, completion_tokens: 48 };
    expect(readCall({ messages: [], latency_ms: 1234, group }).usage).toBe("8 prompts in one call, together 640 in, 48 out · 1.23 s");
    expect(readCall({ messages: [], group: { ...group, prompt_tokens: null } }).usage).toBe("8 prompts in one call");
  });
  it("reads the thinking apart from the answer", () =>
    expect(readCall({ messages: [], text: "391", thinking: "17 · 20 = 340 …" })).toMatchObject({ text: "391", thinking: "17 · 20 = 340 …" }));
  it("reads the vote of a sample", () => {
    expect(readCall({ messages: [], vote: { counted_as: "18", votes: 3 } }).vote).toBe("18: 3 votes");
    expect(readCall({ messages: [], vote: { counted_as: null, parse_outcome: "no_answer" } }).vote).toBe("no vote (no_answer)");
  });
  it("reads the tools offered and called, and the output constraint", () => {
    const { toolCalls, tools, constraint } = readCall({
      messages: [],
      tool_calls: [{ id: "1", type: "function", function: { name: "calculator", arguments: '{"expression":"6*7"}' } }],
      tools: [{ type: "function" }],
      constraint: { kind: "grammar", text: "root ::= x" },
    });
    expect(toolCalls).toEqual([{ name: "calculator", arguments: "expression: 6*7" }]);
    expect(JSON.parse(tools)).toEqual([{ type: "function" }]);
    expect(constraint).toEqual({ kind: "grammar", text: "root ::= x" });
  });
  it("reads why a call failed", () => {
    expect(readCall({ messages: [], error: { kind: "rate_limit", message: "Slow down." } })).toMatchObject({ error: "Rate limit: Slow down.", usage: "" });
  });
  it.each([["text"], [null], [{ messages: "x" }], [{ messages: [3] }], [[1]]])("does not throw for %j", (call) => {
    expect(() => readCall(call)).not.toThrow();
  });
  it("shows what is not a call as JSON", () => expect(readCall([1]).messages[0]?.content).toBe("[\n  1\n]"));
});

it("formats tokens only if both are known", () => {
  expect([formatTokens(10, 2), formatTokens(null, 2), formatTokens(10, undefined)]).toEqual(["10 in, 2 out", "", ""]);
});
