import { describe, expect, it } from "vitest";

import { choicesOf, type FileColumns, pairsOf, withColumn } from "./mapping";

const file: FileColumns = {
  columns: [
    { name: "Frage", values: ["q", "r"] },
    { name: "golden_answers", values: ["a|b"] },
    { name: "note", values: [] },
  ],
  fields: { answers: "golden_answers" },
  published: false,
};

describe("choicesOf", () => {
  it("shows the guess with first values", () => {
    expect(choicesOf(file, {}).map(({ field, column, sample }) => [field, column, sample])).toEqual([
      ["question", "", ""],
      ["answers", "golden_answers", "a|b"],
      ["id", "", ""],
      ["cluster", "", ""],
    ]);
  });

  it("shows what was chosen instead", () => {
    const chosen = withColumn(file, withColumn(file, {}, "question", "Frage"), "answers", "note");
    expect(choicesOf(file, chosen).map(({ field, column }) => [field, column])).toContainEqual(["answer", "note"]);
    expect(choicesOf(file, chosen)[0]).toMatchObject({ column: "Frage", sample: "q · r" });
    expect(pairsOf(chosen)).toEqual(["question=Frage", "answer=note"]);
  });
});

describe("withColumn", () => {
  it("returns to the guess of several answers", () => {
    expect(withColumn(file, { answer: "note" }, "answer", "golden_answers")).toEqual({ answers: "golden_answers" });
  });

  it("leaves a field unread", () => {
    expect(pairsOf(withColumn(file, {}, "id", ""))).toEqual(["id="]);
  });
});
