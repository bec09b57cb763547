import { describe, expect, it } from "vitest";

import { checkName, checkUpload, formatBytes, nameOfFile, sortProblems } from "./uploads";

const known = ["name", "file", "scoring"] as const;

describe("sortProblems", () => {
  it("separates fields from lines, and keeps the order of lines", () => {
    const { fields, lines, more } = sortProblems(
      {
        "line 10": "answer is missing",
        file: "must end in .jsonl or .csv",
        "line 2": "is not JSON",
      },
      known,
    );
    expect(fields).toEqual({ file: "Must end in .jsonl or .csv." });
    expect(lines).toEqual([
      { line: "10", message: "answer is missing" },
      { line: "2", message: "is not JSON" },
    ]);
    expect(more).toBe(0);
  });
  it("caps the lines and counts the rest", () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`line ${i + 1}`, "question is missing"]));
    const { lines, more } = sortProblems(many, known);
    expect(lines).toHaveLength(50);
    expect(more).toBe(10);
  });
  it("knows the fields of a request that was rejected before it was read", () => {
    expect(sortProblems({ "body.name": "Field required" }, known).fields).toEqual({ name: "Field required." });
  });
});

describe("checkName", () => {
  it("rejects what the server rejects, and accepts what it accepts", () => {
    expect(["", "My set", "-x", "x".repeat(101)].every((name) => checkName(name) !== undefined)).toBe(true);
    expect(["my_set-1.0", "x"].map(checkName)).toEqual([undefined, undefined]);
  });
});

describe("checkUpload", () => {
  const file = (name: string) => new File(["x"], name);
  const endings = [".jsonl", ".json", ".md"];
  it("reports what is missing", () => expect(Object.keys(checkUpload("", [], endings))).toEqual(["name", "files"]));
  it("rejects what the server rejects, and names a file of another type", () => {
    expect(checkUpload("My set", [file("a.jsonl")], endings)).toHaveProperty("name");
    expect(checkUpload("-x", [file("a.jsonl")], endings)).toHaveProperty("name");
    expect(checkUpload("x", [file("a.md"), file("b.pdf")], endings).files).toContain("b.pdf");
  });
  it("accepts what the server accepts", () => {
    expect(checkUpload("my_set-1.0", [file("A.JSON")], endings)).toEqual({});
    expect(checkUpload("x", ["a.jsonl", "b.JSON", "c.md"].map(file), endings)).toEqual({});
  });
});

describe("nameOfFile", () => {
  it("derives a valid name", () => {
    expect(nameOfFile("My Questions (2).jsonl")).toBe("my_questions_2");
    expect(nameOfFile("dev-v1.1.csv")).toBe("dev-v1.1");
    expect(nameOfFile("_Ä.csv")).toBe("");
  });
});

describe("formatBytes", () => {
  it("chooses a unit", () => {
    const sizes = [512, 218_400, 999_600, 3_065_113, 999_960_000, 12_340_000_000];
    expect(sizes.map(formatBytes)).toEqual(["512 B", "218 kB", "1.0 MB", "3.1 MB", "1.0 GB", "12.3 GB"]);
  });
});
