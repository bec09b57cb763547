import { expect, it } from "vitest";

import { provenanceText } from "./provenance";

it.each([
  ["code", { dirty: false, commit: "1a2b", version: "0.1.0" }, "commit 1a2b, version 0.1.0, without changes"],
  ["code", { dirty: true, version: "0.1.0" }, "version 0.1.0, with changes that are not committed"],
  ["python", "3.11.7", "3.11.7"],
  ["retrieval", { variant: "hybrid", index: { chunk_tokens: 256, models: ["a", "b"] }, reranker: null }, "variant hybrid, index (chunk tokens 256, models (a, b))"],
])("tells %s in words", (key, value, text) => expect(provenanceText(key, value)).toBe(text));
