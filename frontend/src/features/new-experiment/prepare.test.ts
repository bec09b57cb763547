import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { ApiError } from "@/lib/api/errors";

import { completed, fieldErrors, numberOf, otherErrors, suggestedName, valueAt, withLimit, withValue } from "./draft";
import { firstReady, groupModels } from "./models";
import { describePower } from "./power";
import { definitionsOf, fieldsOf, formPaths, propertyOf, variantsOf } from "./schema";

const document: unknown = JSON.parse(readFileSync(new URL("../../lib/api/openapi.json", import.meta.url), "utf8"));
const definitions = definitionsOf(document);
const config = definitions.ExperimentConfig ?? {};

describe("a budget", () => {
  it("is removed with its last limit", () => {
    const both = withLimit(withLimit({ seed: 1 }, "usd", 2), "calls", 5);
    expect(both).toEqual({ seed: 1, budget: { usd: 2, calls: 5 } });
    const one = withLimit(both, "usd", undefined);
    expect(one).toEqual({ seed: 1, budget: { calls: 5 } });
    expect(withLimit(one, "calls", undefined)).toEqual({ seed: 1 });
  });

  it("has its errors beside its fields", () => {
    expect(formPaths(document)).toContain("budget.usd");
  });
});

describe("the API's own schema", () => {
  it("gives the fields of the configuration with their limits", () => {
    const fields = Object.fromEntries(fieldsOf(config, definitions).map((field) => [field.name, field]));
    expect(fields.concurrency).toMatchObject({ kind: "integer", min: 1, max: 1024, default: 16, optional: true });
    expect(fields.name).toMatchObject({ kind: "text", optional: false });
    expect(fields.description).toMatchObject({ kind: "long" });
    expect(fields.cache).toMatchObject({ kind: "boolean", default: true });
    expect(fields.dataset).toMatchObject({ kind: "other" });
  });

  it("reads a nullable value as an optional one of its type", () => {
    const n = fieldsOf(propertyOf(config, "dataset", definitions), definitions).find(({ name }) => name === "n");
    expect(n).toMatchObject({ kind: "integer", optional: true, min: 1 });
  });

  it("reads lists of strings", () => {
    const stop = fieldsOf(propertyOf(config, "params", definitions), definitions).find(({ name }) => name === "stop");
    expect(stop?.kind).toBe("list");
  });

  it("reads lists of enum values as several choices", () => {
    const react = variantsOf(propertyOf(config, "method", definitions), definitions).find(({ name }) => name === "react");
    expect(react?.fields.find(({ name }) => name === "tools")).toMatchObject({ kind: "choices", min: 1, options: ["retrieval", "wikipedia_search", "calculator"] });
  });

  it("lists each method with its own fields, without its discriminator", () => {
    const methods = variantsOf(propertyOf(config, "method", definitions), definitions);
    const naive = methods.find(({ name }) => name === "naive");
    expect(naive?.fields.map(({ name }) => name).sort()).toEqual(["system", "template"]);
  });

  it("knows the paths that have a control", () => {
    const paths = formPaths(document);
    for (const path of ["name", "model", "seed", "dataset.name", "dataset.n", "params.temperature", "method.template", "execution.mode", "execution.batch_size"]) {
      expect([path, paths.has(path)]).toEqual([path, true]);
    }
    expect(paths.has("dataset")).toBe(false);
  });
});

describe("unions", () => {
  const union = { oneOf: [{ $ref: "#/components/schemas/A" }, { $ref: "#/components/schemas/B" }] };
  const two = {
    A: { properties: { name: { const: "a" }, k: { type: "integer" } } },
    B: { properties: { name: { const: "b" } }, description: "The other." },
  };
  it("are their members", () => {
    expect(variantsOf(union, two)).toMatchObject([{ name: "a", fields: [{ name: "k" }] }, { name: "b", description: "The other." }]);
  });
});

it("accepts an invalid document", () => {
  expect(definitionsOf("no")).toEqual({});
  expect(formPaths({})).toEqual(new Set(["method", "method.name", "faithfulness"]));
});

describe("drafts", () => {
  const draft = { model: "local/tiny-model", dataset: { name: "trivia_qa", n: 5 }, method: { name: "naive" } };

  it("reads and replaces a value at a path, leaving the original alone", () => {
    const changed = withValue(draft, "dataset.n", 9);
    expect([valueAt(changed, "dataset.n"), valueAt(draft, "dataset.n")]).toEqual([9, 5]);
    expect(valueAt(withValue(draft, "params.top_p", 0.5), "params.top_p")).toBe(0.5);
    expect(valueAt(draft, "dataset.name.first")).toBeUndefined();
  });

  it("removes a value", () => expect(withValue(draft, "dataset.n", undefined).dataset).toEqual({ name: "trivia_qa" }));

  it("always has a name, as the first key", () => {
    expect(suggestedName(draft)).toBe("naive · tiny-model · trivia_qa");
    expect(Object.entries(completed(draft))[0]).toEqual(["name", "naive · tiny-model · trivia_qa"]);
    expect(completed({ ...draft, name: "Mine" }).name).toBe("Mine");
  });

  it.each([
    ["", undefined],
    [" 12 ", 12],
    ["1e3", 1000],
    ["0.5", 0.5],
    ["12a", "12a"],
  ])("reads %j typed into a number field as %j", (text, value) => expect(numberOf(text)).toBe(value));
});

describe("errors", () => {
  const error = new ApiError(422, {
    message: "wrong",
    errors: [
      { field: "config.dataset.n", message: "too small" },
      { field: "model", message: "unknown" },
      { field: "config.method.foo", message: "there is no such field" },
    ],
  });
  it("are shown at their fields, and as lines without one", () => {
    const errors = fieldErrors(error);
    expect(errors).toEqual({ "dataset.n": "too small", model: "unknown", "method.foo": "there is no such field" });
    expect(otherErrors(errors, formPaths(document))).toEqual(["method.foo: there is no such field"]);
    expect(fieldErrors(null)).toEqual({});
  });
});

it("errors of an item are shown at its list", () => {
  const error = new ApiError(422, { message: "wrong", errors: [{ field: "config.method.tools.0", message: "no such tool" }] });
  expect(fieldErrors(error)).toEqual({ "method.tools": "no such tool" });
});

describe("models", () => {
  const model = (name: string, state: string) => ({ name, provider: name.split("/")[0], provider_label: name.split("/")[0], state });
  const catalog = {
    providers: [],
    models: [model("mock/echo", "ready"), model("openai/a", "key_missing"), model("local/b", "ready"), model("openai/c", "key_missing")],
  } as unknown as Parameters<typeof groupModels>[0];
  it("are grouped by provider, ready ones first", () => {
    expect(groupModels(catalog).map(({ label, models }) => [label, models.length])).toEqual([
      ["mock", 1],
      ["local", 1],
      ["openai", 2],
    ]);
  });
  it("start with a ready one that is not a mock", () => {
    expect(firstReady(catalog)).toBe("local/b");
    expect(firstReady(undefined)).toBe("");
  });
});

describe("describePower", () => {
  const power = { discordant: 0.2, detectable: 0.1242, wanted: 0.05, needed: 626 };
  it("gives the detectable difference, and the questions for a smaller one", () => {
    expect(describePower({ questions: 100, power })).toBe(
      "With 100 questions a comparison can detect a difference of about 12.4 percentage points if one answer in 5 differs; detecting 5 points takes 626 questions.",
    );
  });
  it("says if no difference can be detected", () => {
    expect(describePower({ questions: 1, power: { ...power, detectable: null } })).toContain("With 1 question no difference can be detected");
  });
});
