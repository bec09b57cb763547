import type { Schemas } from "@/lib/api/client";

export type FileColumns = Schemas["ColumnsOut"];
/** Column by field of an example, where the user has chosen one; empty for none. */
export type Mapping = Readonly<Record<string, string>>;

interface Choice {
  /** The field of the API. */
  field: string;
  label: string;
  /** The chosen column; empty if there is none. */
  column: string;
  /** First values of that column. */
  sample: string;
  required: boolean;
}

/** What the form shows: a column for each field, as chosen or as the server guesses it. */
export function choicesOf({ columns, fields }: FileColumns, mapping: Mapping): Choice[] {
  const answer = answerField(fields, mapping);
  const all = [
    { field: "question", label: "Question", required: true },
    { field: answer, label: answer === "answers" ? "Answers" : "Answer", required: true },
    { field: "id", label: "Id", required: false },
    { field: "cluster", label: "Cluster", required: false },
  ];
  return all.map((one) => {
    const column = mapping[one.field] ?? fields[one.field] ?? "";
    const values = columns.find(({ name }) => name === column)?.values ?? [];
    return { ...one, column, sample: values.join(" · ") };
  });
}

/** The mapping with another column for a field; a column of several answers stays one. */
export function withColumn({ fields }: FileColumns, mapping: Mapping, field: string, column: string): Mapping {
  if (field !== "answer" && field !== "answers") return { ...mapping, [field]: column };
  const rest = Object.fromEntries(Object.entries(mapping).filter(([name]) => name !== "answer" && name !== "answers"));
  return { ...rest, [column !== "" && column === fields.answers ? "answers" : "answer"]: column };
}

/** What is sent: only what differs from the server's guess. */
export function pairsOf(mapping: Mapping): string[] {
  return Object.entries(mapping).map(([field, column]) => `${field}=${column}`);
}

function answerField(fields: FileColumns["fields"], mapping: Mapping): "answer" | "answers" {
  if ("answer" in mapping) return "answer";
  return "answers" in mapping || "answers" in fields ? "answers" : "answer";
}
