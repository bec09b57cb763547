import type { FieldSpec } from "./schema";

/** Fields of methods that have many: what one chooses first. The others of such a method are details. */
const FIRST: Record<string, readonly string[]> = {
  rag: ["variant", "knowledge_base", "version", "top_k"],
  react: ["tools", "form", "max_iterations", "knowledge_base", "version", "top_k", "shots"],
};

/** How passages are found: of no use to an agent without the tool for it. */
const RETRIEVAL: ReadonlySet<string> = new Set([
  "variant",
  "knowledge_base",
  "version",
  "top_k",
  "dense_candidates",
  "word_candidates",
  "similarity_floor",
  "fusion",
  "dense_weight",
  "chunk_tokens",
  "chunk_overlap",
  "embedding_model",
  "reranker",
]);

/** Whether a method, given its own values, reads a knowledge base. */
export function readsKnowledge(fields: readonly FieldSpec[], valueOf: (field: FieldSpec) => unknown): boolean {
  const tools = fields.find(({ name }) => name === "tools");
  if (!tools) return fields.some(({ name }) => name === "knowledge_base");
  const chosen = valueOf(tools) ?? tools.default;
  return Array.isArray(chosen) && chosen.includes("retrieval");
}

/** The fields that matter, given the method's own values. */
export function relevantFields(fields: readonly FieldSpec[], valueOf: (field: FieldSpec) => unknown): FieldSpec[] {
  return readsKnowledge(fields, valueOf) ? [...fields] : fields.filter(({ name }) => !RETRIEVAL.has(name));
}

interface MethodFields {
  first: FieldSpec[];
  details: FieldSpec[];
}

/** The fields of a method by how soon one looks for them; a method with few fields has no details. */
export function groupFields(method: string, fields: readonly FieldSpec[]): MethodFields {
  const names = FIRST[method];
  if (!names) return { first: [...fields], details: [] };
  return {
    first: names.flatMap((name) => fields.find((field) => field.name === name) ?? []),
    details: fields.filter(({ name }) => !names.includes(name)),
  };
}

/** How many fields have a value that is not their default. */
export function countChanged(fields: readonly FieldSpec[], valueOf: (field: FieldSpec) => unknown): number {
  return fields.filter((field) => {
    const value = valueOf(field) ?? null;
    return value !== null && JSON.stringify(value) !== JSON.stringify(field.default ?? null);
  }).length;
}

export type Judge = "nobody" | "nli" | "llm";

/** Who judges faithfulness, as a configuration says it. */
export function judgeOf(faithfulness: unknown): Judge {
  if (typeof faithfulness !== "object" || faithfulness === null) return "nobody";
  return "judge" in faithfulness && faithfulness.judge === "llm" ? "llm" : "nli";
}
