import { describe, expect, it } from "vitest";

import {
  type Catalog,
  checkedNote,
  countReady,
  experimentWith,
  formatParameters,
  formatPrices,
  groupByProvider,
  type Model,
  type Provider,
  withoutName,
} from "./prepare";

function provider(name: string, label = name): Provider {
  return { name, label, open: true, state: "not_checked", message: "", api_key_env: null, base_url_env: null };
}

function model(name: string, state: Model["state"] = "ready", description = ""): Model {
  return {
    name,
    provider: name.split("/")[0] ?? "",
    provider_label: "",
    api: "chat",
    state,
    message: "",
    api_key_env: null,
    context_window: null,
    usd_per_1m: null,
    batch_discount: null,
    parameters: null,
    description,
  };
}

const catalog: Catalog = {
  providers: [provider("local", "Local server"), provider("openai", "OpenAI"), provider("vllm", "vLLM")],
  models: [model("openai/gpt-4o-mini", "key_missing"), model("local/smollm2", "ready", "Bundled"), model("openai/o1", "key_missing")],
};

function shown(text: string, ready = false): [string, string[]][] {
  return groupByProvider(catalog, { text, ready }).map((group) => [group.provider.name, group.models.map(({ name }) => name)]);
}

describe("groupByProvider", () => {
  it("keeps the order of providers and models, and providers without models", () => {
    expect(shown("")).toEqual([
      ["local", ["local/smollm2"]],
      ["openai", ["openai/gpt-4o-mini", "openai/o1"]],
      ["vllm", []],
    ]);
  });
  it("keeps the ready models", () => expect(shown("", true)).toEqual([["local", ["local/smollm2"]]]));
  it("matches all words in names and descriptions, ignoring case", () => {
    expect(shown("GPT mini")).toEqual([["openai", ["openai/gpt-4o-mini"]]]);
    expect(shown("bundled")).toEqual([["local", ["local/smollm2"]]]);
    expect(shown("nothing")).toEqual([]);
  });
  it("matches a provider by name or label, with all its models", () => {
    expect(shown("OpenAI")).toEqual([["openai", ["openai/gpt-4o-mini", "openai/o1"]]]);
    expect(shown("vllm")).toEqual([["vllm", []]]);
    expect(shown("local server")).toEqual([["local", ["local/smollm2"]]]);
  });
});

describe("countReady", () => {
  it("counts", () => expect(countReady(catalog.models)).toEqual({ ready: 1, total: 3 }));
});

describe("formatParameters", () => {
  it("writes three significant digits and a unit", () => {
    expect([135e6, 8.03e9, 70.6e9, 1.04e12, 999.9e6, 5000].map(formatParameters)).toEqual([
      "135 M",
      "8.03 B",
      "70.6 B",
      "1.04 T",
      "1 B",
      "5,000",
    ]);
    expect(formatParameters(null)).toBe("–");
  });
});

describe("experimentWith", () => {
  it("encodes the name of the model", () => {
    const query = experimentWith("hf/a&b/c").split("?")[1];
    expect(new URLSearchParams(query).get("model")).toBe("hf/a&b/c");
  });
});

describe("formatPrices", () => {
  it("shows at least cents, and whether the price is unknown", () => {
    expect(formatPrices({ input: 0.15, output: 0.6, cached_input: null, cache_write: null })).toBe("$0.15 / $0.60");
    expect(formatPrices({ input: 0.0375, output: 2, cached_input: null, cache_write: null })).toBe("$0.0375 / $2.00");
    expect(formatPrices({ input: 0, output: 0, cached_input: null, cache_write: null })).toBe("$0");
    expect(formatPrices(null)).toBe("unknown");
  });
});

describe("checkedNote", () => {
  it("shows the latency if the endpoint answered", () => {
    expect(checkedNote({ name: "a/b", state: "ready", message: "", latency_ms: 12.3 })).toBe("answered in 12.3 ms");
    expect(checkedNote({ name: "a/b", state: "ready", message: "", latency_ms: null })).toBe("checked");
    expect(checkedNote({ name: "a/b", state: "unreachable", message: "x", latency_ms: null })).toBe("checked");
  });
});

describe("withoutName", () => {
  it("drops the name at the beginning only", () => {
    expect(withoutName("a/b needs a key: set K.", "a/b")).toBe("Needs a key: set K.");
    expect(withoutName("The endpoint of a/b refused the key.", "a/b")).toBe("The endpoint of a/b refused the key.");
  });
});
