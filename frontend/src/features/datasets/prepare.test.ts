import { describe, expect, it } from "vitest";

import {
  checkUpload,
  chooseVersion,
  formatBytes,
  groupVersions,
  metadataPairs,
  nameOfFile,
  newExperimentHref,
  sortProblems,
  type Version,
} from "./prepare";

function version(name: string, hash: string, createdAt: string): Version {
  return {
    id: `${name}-${hash}`,
    name,
    version: hash,
    scoring: "squad",
    description: "",
    licence: "",
    source: "",
    size: 3,
    created_at: createdAt,
  };
}

const versions = [
  version("zoo", "aa11", "2026-01-01T00:00:00Z"),
  version("art", "bb22", "2026-01-01T00:00:00Z"),
  version("art", "cc33", "2026-03-01T00:00:00Z"),
  version("art", "dd44", "2026-02-01T00:00:00Z"),
];

function art() {
  const [first] = groupVersions(versions);
  if (!first) throw new Error("no groups");
  return first;
}

describe("groupVersions", () => {
  it("joins the versions of a name, the newest first, names in order", () => {
    expect(groupVersions(versions).map(({ name }) => name)).toEqual(["art", "zoo"]);
    expect(art().versions.map((each) => each.version)).toEqual(["cc33", "dd44", "bb22"]);
    expect(art().newest.version).toBe("cc33");
  });
  it("makes nothing of nothing", () => expect(groupVersions([])).toEqual([]));
});

describe("chooseVersion", () => {
  it("takes the newest unless one is named, by its hash or the beginning of it", () => {
    expect(chooseVersion(art(), "")?.version).toBe("cc33");
    expect(chooseVersion(art(), "bb")?.version).toBe("bb22");
    expect(chooseVersion(art(), "ff")).toBeUndefined();
  });
});

describe("newExperimentHref", () => {
  it("names a version only if it is not the newest", () => {
    const [newest, older] = art().versions;
    if (!newest || !older) throw new Error("no versions");
    expect(newExperimentHref(art(), newest)).toBe("/experiments/new/?dataset=art");
    expect(newExperimentHref(art(), older)).toBe("/experiments/new/?dataset=art&version=dd44");
  });
});

describe("sortProblems", () => {
  it("parts fields from lines, and keeps the order of lines", () => {
    const { fields, lines, more } = sortProblems({
      "line 10": "answer is missing",
      file: "must end in .jsonl or .csv",
      "line 2": "is not JSON",
    });
    expect(fields).toEqual({ file: "Must end in .jsonl or .csv." });
    expect(lines).toEqual([
      { line: "10", message: "answer is missing" },
      { line: "2", message: "is not JSON" },
    ]);
    expect(more).toBe(0);
  });
  it("caps the lines and counts the rest", () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`line ${i + 1}`, "question is missing"]));
    const { lines, more } = sortProblems(many);
    expect(lines).toHaveLength(50);
    expect(more).toBe(10);
  });
  it("knows the fields of a request that was refused before it was read", () => {
    expect(sortProblems({ "body.name": "Field required" }).fields).toEqual({ name: "Field required." });
  });
});

describe("checkUpload", () => {
  const file = (name: string) => new File(["{}"], name);
  it("asks for what is missing", () => {
    expect(Object.keys(checkUpload("", null))).toEqual(["name", "file"]);
  });
  it("refuses what the server would", () => {
    expect(checkUpload("My set", file("a.jsonl"))).toHaveProperty("name");
    expect(checkUpload("-x", file("a.jsonl"))).toHaveProperty("name");
    expect(checkUpload("x", file("a.xlsx"))).toHaveProperty("file");
  });
  it("lets pass what the server takes", () => {
    expect(checkUpload("my_set-1.0", file("A.CSV"))).toEqual({});
    expect(checkUpload("x", file("a.ndjson"))).toEqual({});
  });
});

describe("nameOfFile", () => {
  it("gives a name that passes", () => {
    expect(nameOfFile("My Questions (2).jsonl")).toBe("my_questions_2");
    expect(nameOfFile("dev-v1.1.csv")).toBe("dev-v1.1");
    expect(nameOfFile("_Ä.csv")).toBe("");
  });
});

describe("formatBytes", () => {
  it("chooses a unit", () => {
    expect([512, 218_400, 999_600, 3_065_113].map(formatBytes)).toEqual(["512 B", "218 kB", "1.0 MB", "3.1 MB"]);
  });
});

describe("metadataPairs", () => {
  it("shows what is short, and counts what is nested", () => {
    expect(
      metadataPairs({ level: "hard", n: 3, ok: false, none: null, context: [1, 2], one: [1], deep: { a: 1 } }),
    ).toEqual([
      ["level", "hard"],
      ["n", "3"],
      ["ok", "false"],
      ["none", "–"],
      ["context", "2 items"],
      ["one", "1 item"],
      ["deep", "{…}"],
    ]);
  });
  it("cuts long text to one line", () => {
    expect(metadataPairs({ solution: `a\n${"b".repeat(100)}` })[0]?.[1]).toBe(`a ${"b".repeat(38)}…`);
  });
});
