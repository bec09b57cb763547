import { describe, expect, it } from "vitest";

import { addressOf } from "./address";

describe("addressOf", () => {
  it.each([
    ["https://you-llmforge.hf.space", "https://you-llmforge.hf.space"],
    [" https://You-Llmforge.hf.space/ ", "https://you-llmforge.hf.space"],
    ["you-llmforge.hf.space", "https://you-llmforge.hf.space"],
    ["http://127.0.0.1:8000", "http://127.0.0.1:8000"],
    ["localhost:8000", "http://localhost:8000"],
    ["localhost.example", "https://localhost.example"],
    ["https://lab.example/llmforge//", "https://lab.example/llmforge"],
    ["https://lab.example:443", "https://lab.example"],
  ])("takes %j", (text, address) => {
    expect(addressOf(text)).toBe(address);
  });

  it.each([
    "",
    " ",
    "https://",
    "javascript:alert(1)",
    "javascript://lab.example/%0aalert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "ftp://lab.example",
    "https://user:password@lab.example",
    "https://lab.example/?x=1",
    "https://lab.example/#x",
    "https://lab example",
  ])("refuses %j", (text) => {
    expect(addressOf(text)).toBeNull();
  });
});
