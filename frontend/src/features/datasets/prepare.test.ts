import { describe, expect, it } from "vitest";

import { groupVersions } from "@/lib/versions";

import { metadataPairs, newExperimentHref, originHref, type Version } from "./prepare";

function version(name: string, hash: string, createdAt: string): Version {
  return {
    id: `${name}-${hash}`,
    name,
    version: hash,
    scoring: "squad",
    description: "",
    licence: "",
    source: "",
    origin: null,
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

describe("newExperimentHref", () => {
  it("has the version only if it is not the newest", () => {
    const [newest, older] = art().versions;
    if (!newest || !older) throw new Error("no versions");
    expect(newExperimentHref(art(), newest)).toBe("/experiments/new/?dataset=art");
    expect(newExperimentHref(art(), older)).toBe("/experiments/new/?dataset=art&version=dd44");
  });
});

describe("metadataPairs", () => {
  it("shows short values, and counts nested ones", () => {
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
  it("cuts long text", () => {
    expect(metadataPairs({ solution: `a\n${"b".repeat(100)}` })[0]?.[1]).toBe(`a ${"b".repeat(38)}…`);
  });
});

describe("originHref", () => {
  const origin = { kind: "runs" as const, experiments: [{ id: "a", name: "A" }], sentence: "", dataset: "quiz", version: "v" };
  it("leads to the list of runs with the same filters", () => {
    const filters = { filter: "wrong", text: "a b", failure_kind: ["timeout"], score_to: 0.5 };
    expect(originHref({ ...origin, filters })).toBe("/experiments/view/?id=a&filter=wrong&q=a+b&kind=timeout&scoreTo=0.5");
  });
  it("leads to the comparison with the same filter", () => {
    const experiments = [...origin.experiments, { id: "b", name: "B" }];
    expect(originHref({ ...origin, kind: "comparison", experiments, filters: { score: "f1", outcome: "only_second" } })).toBe("/compare/?ids=a%2Cb&score=f1&outcome=only_second");
  });
});
