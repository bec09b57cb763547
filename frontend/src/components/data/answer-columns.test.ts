import { describe, expect, it } from "vitest";

import type { Schemas } from "@/lib/api/client";

import { lacking, pairsOf, roleOf, withRole } from "./answer-columns";

const file: Schemas["ColumnsOut"] = {
  columns: ["prompt", "golds", "text", "good", "score.own"].map((name) => ({ name, values: [] })),
  fields: { question: "prompt", answers: "golds", "score.own": "score.own" },
  published: false,
};

describe("columns of a plain file of answers", () => {
  it("are as the server guesses until another one is chosen", () => {
    expect(file.columns.map(({ name }) => roleOf(file, {}, name))).toEqual(["question", "answer", "", "", "score"]);
    expect(pairsOf(file, {})).toEqual([]);
    expect(lacking(file, {})).toBe("Choose the column of the output.");
  });

  it("are sent with all fields once something was chosen", () => {
    const chosen = withRole(file, withRole(file, {}, "text", "output"), "good", "score");
    expect(lacking(file, chosen)).toBe("");
    expect(pairsOf(file, chosen)).toEqual(["question=prompt", "answers=golds", "output=text", "score.good=good", "score.own=score.own"]);
  });

  it("give a role up to another column", () => {
    const chosen = withRole(file, {}, "text", "question");
    expect(roleOf(file, chosen, "prompt")).toBe("");
    expect(pairsOf(file, chosen)).toEqual(["answers=golds", "question=text", "score.own=score.own"]);
  });

  it("that the server would guess are left out if they hold something else", () => {
    const chosen = withRole(file, {}, "golds", "");
    expect(pairsOf(file, chosen)).toEqual(["question=prompt", "score.own=score.own", "answers="]);
    expect(lacking(file, withRole(file, chosen, "prompt", ""))).toBe("Choose the column of the question and of the output.");
  });
});
