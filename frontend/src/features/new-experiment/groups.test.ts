import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { countChanged, groupFields, judgeOf, hasRetrieval, relevantFields } from "./groups";
import { definitionsOf, formPaths, propertyOf, variantsOf } from "./schema";

const document: unknown = JSON.parse(readFileSync(new URL("../../lib/api/openapi.json", import.meta.url), "utf8"));
const definitions = definitionsOf(document);
const methods = variantsOf(propertyOf(definitions.ExperimentConfig ?? {}, "method", definitions), definitions);
const fieldsOf = (name: string) => methods.find((method) => method.name === name)?.fields ?? [];

describe("groupFields", () => {
  it("separates the main fields, and keeps all fields", () => {
    const { main, details } = groupFields("rag", fieldsOf("rag"));
    expect(main.map(({ name }) => name)).toEqual(["variant", "knowledge_base", "version", "top_k"]);
    expect(main.length + details.length).toBe(fieldsOf("rag").length);
    expect(details.map(({ name }) => name)).toContain("chunk_tokens");
  });
  it("has no details for methods with few fields", () => {
    expect(groupFields("naive", fieldsOf("naive"))).toEqual({ main: fieldsOf("naive"), details: [] });
  });
});

describe("an agent", () => {
  const fields = fieldsOf("react");
  const using = (tools?: unknown) => (field: { name: string }) => (field.name === "tools" ? tools : undefined);
  it("has main fields, and keeps all fields", () => {
    const { main, details } = groupFields("react", fields);
    expect(main.map(({ name }) => name)).toEqual(["tools", "form", "max_iterations", "knowledge_base", "version", "top_k", "shots"]);
    expect(main.length + details.length).toBe(fields.length);
  });
  it("retrieves from a knowledge base if it has the retrieval tool", () => {
    expect([using(), using(["retrieval"]), using(["calculator"]), using("nonsense")].map((valueOf) => hasRetrieval(fields, valueOf))).toEqual([true, true, false, false]);
    expect(hasRetrieval(fieldsOf("rag"), using())).toBe(true);
    expect(hasRetrieval(fieldsOf("cot"), using())).toBe(false);
  });
  it("has no retrieval fields without that tool", () => {
    expect(relevantFields(fields, using())).toEqual(fields);
    const left = new Set(relevantFields(fields, using(["calculator"])).map(({ name }) => name));
    const retrieval = fieldsOf("rag").flatMap(({ name }) => (name === "template" || name === "system" ? [] : [name]));
    expect(retrieval.filter((name) => left.has(name))).toEqual([]);
    expect(left.size).toBe(fields.length - retrieval.length);
  });
});

it("counts the fields that differ from their default", () => {
  const { details } = groupFields("rag", fieldsOf("rag"));
  const values: Record<string, unknown> = { chunk_tokens: 256, chunk_overlap: 20, similarity_floor: null, system: "Be brief." };
  expect(countChanged(details, ({ name }) => values[name])).toBe(2);
  expect(countChanged(details, () => undefined)).toBe(0);
});

it.each([
  [undefined, "none"],
  [null, "none"],
  [{}, "nli"],
  [{ judge: "nli" }, "nli"],
  [{ judge: "llm", model: "openai/gpt" }, "llm"],
])("of %j the judge is %s", (faithfulness, judge) => expect(judgeOf(faithfulness)).toBe(judge));

it("has controls for the errors of the judge", () => {
  const paths = formPaths(document);
  expect(["faithfulness", "faithfulness.judge", "faithfulness.model", "method.knowledge_base", "method.chunk_overlap", "method.tools", "method.form"].filter((path) => !paths.has(path))).toEqual([]);
});
