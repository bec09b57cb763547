import type { Schemas } from "@/lib/api/client";

type FileColumns = Schemas["ColumnsOut"];
/** What a column holds, by column, where the user has chosen it. */
export type ColumnRoles = Readonly<Record<string, Role>>;

/** What the columns of a plain file of answers can hold. */
export const roles = [
  { role: "", label: "Something else" },
  { role: "question", label: "Question" },
  { role: "output", label: "Output of the model" },
  { role: "answer", label: "Accepted answers" },
  { role: "id", label: "Id of the question" },
  { role: "score", label: "Score, 0 to 1" },
  { role: "model", label: "Model" },
  { role: "repeat", label: "Number of the repeat" },
  { role: "latency_ms", label: "Latency, ms" },
  { role: "prompt_tokens", label: "Prompt tokens" },
  { role: "completion_tokens", label: "Completion tokens" },
  { role: "cost_usd", label: "Cost, US dollars" },
  { role: "error", label: "Error" },
] as const;

export type Role = (typeof roles)[number]["role"];

const SCORE = "score.";
/** Fields of a question, which the server finds by usual names unless it is told not to. */
const GUESSED = ["question", "answer", "answers", "id", "cluster"];

/** What a column holds: as chosen, or as the server guesses. */
export function roleOf({ fields }: FileColumns, chosen: ColumnRoles, column: string): Role {
  const own = chosen[column];
  if (own !== undefined) return own;
  const field = Object.keys(fields).find((name) => fields[name] === column) ?? "";
  if (field.startsWith(SCORE)) return "score";
  if (field === "answers") return "answer";
  return roles.find(({ role }) => role === field)?.role ?? "";
}

/** The choice of a role for a column; another column that held it gives it up, but for scores. */
export function withRole(file: FileColumns, chosen: ColumnRoles, column: string, role: Role): ColumnRoles {
  const others = role === "" || role === "score" ? [] : file.columns.filter(({ name }) => name !== column && roleOf(file, chosen, name) === role);
  return { ...chosen, ...Object.fromEntries(others.map(({ name }) => [name, "" as const])), [column]: role };
}

/** What is sent: where each field is; nothing if all is as the server guesses. */
export function pairsOf(file: FileColumns, chosen: ColumnRoles): string[] {
  if (Object.keys(chosen).length === 0) return [];
  const held = file.columns.flatMap(({ name }) => {
    const role = roleOf(file, chosen, name);
    return role === "" ? [] : [`${fieldOf(file, role, name)}=${name}`];
  });
  const taken = new Set(held.map((pair) => pair.slice(0, pair.indexOf("="))));
  // `answer` and `answers` are one question's, of which one may be given.
  const answered = taken.has("answer") || taken.has("answers");
  const left = Object.keys(file.fields).filter((field) => GUESSED.includes(field) && !taken.has(field) && !(answered && field.startsWith("answer")));
  return [...held, ...left.map((field) => `${field}=`)];
}

/** What an import needs and no column holds, in words; empty if nothing. */
export function lacking(file: FileColumns, chosen: ColumnRoles): string {
  const there = new Set(file.columns.map(({ name }) => roleOf(file, chosen, name)));
  const missing = (["question", "output"] as const).filter((role) => !there.has(role));
  return missing.length === 0 ? "" : `Choose the column of the ${missing.join(" and of the ")}.`;
}

function fieldOf(file: FileColumns, role: Role, column: string): string {
  if (role === "score") return column.startsWith(SCORE) ? column : `${SCORE}${column}`;
  return role === "answer" && file.fields.answers === column ? "answers" : role;
}
