import type { FieldSpec } from "./schema";

/** The main fields of methods with many fields; their other fields are details. */
const MAIN: Record<string, readonly string[]> = {
  cot: ["shots", "samples"],
  rag: ["variant", "knowledge_base", "version", "top_k"],
  react: ["tools", "form", "max_iterations", "knowledge_base", "version", "top_k", "shots"],
};

/** The fields of retrieval: irrelevant to an agent without the retrieval tool. */
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

/** Whether a method with these values retrieves from a knowledge base. */
export function hasRetrieval(fields: readonly FieldSpec[], valueOf: (field: FieldSpec) => unknown): boolean {
  const tools = fields.find(({ name }) => name === "tools");
  if (!tools) return fields.some(({ name }) => name === "knowledge_base");
  const chosen = valueOf(tools) ?? tools.default;
  return Array.isArray(chosen) && chosen.includes("retrieval");
}

/** The fields that have an effect, given the method's values. */
export function relevantFields(fields: readonly FieldSpec[], valueOf: (field: FieldSpec) => unknown): FieldSpec[] {
  return hasRetrieval(fields, valueOf) ? [...fields] : fields.filter(({ name }) => !RETRIEVAL.has(name));
}

interface MethodFields {
  main: FieldSpec[];
  details: FieldSpec[];
}

/** The fields of a method, split into main fields and details; a method with few fields has no details. */
export function groupFields(method: string, fields: readonly FieldSpec[]): MethodFields {
  const names = MAIN[method];
  if (!names) return { main: [...fields], details: [] };
  return {
    main: names.flatMap((name) => fields.find((field) => field.name === name) ?? []),
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

export type Judge = "none" | "nli" | "llm";

/** The judge of faithfulness in a configuration. */
export function judgeOf(faithfulness: unknown): Judge {
  if (typeof faithfulness !== "object" || faithfulness === null) return "none";
  return "judge" in faithfulness && faithfulness.judge === "llm" ? "llm" : "nli";
}
