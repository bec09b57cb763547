import { describe, expect, it } from "vitest";

import { groupVersions } from "@/lib/versions";

import { describeArticle, describeIndex, type Index, newExperimentHref, prepareSearch, type Version } from "./prepare";

const version = (hash: string, createdAt: string): Version => ({
  id: hash,
  name: "wiki",
  version: hash,
  description: "",
  licence: "",
  source: "",
  size: 2,
  created_at: createdAt,
});

describe("newExperimentHref", () => {
  it("has the version only if it is not the newest", () => {
    const [group] = groupVersions([version("aa", "2026-01-01T00:00:00Z"), version("bb", "2026-02-01T00:00:00Z")]);
    const [newest, older] = group?.versions ?? [];
    if (!group || !newest || !older) throw new Error("no versions");
    expect(newExperimentHref(group, newest)).toBe("/experiments/new/?knowledge=wiki");
    expect(newExperimentHref(group, older)).toBe("/experiments/new/?knowledge=wiki&knowledge_version=aa");
  });
});

describe("prepareSearch", () => {
  const passage = { id: "a#0", article: "a", title: "The Nile", section: "", text: "A long river.", start: 0, end: 13, dropped: false, stages: {} };
  const columns = prepareSearch({
    query: "Which river is the Nile?",
    version: "aa",
    variants: [
      { variant: "naive", passages: [passage], milliseconds: { embedding: 10.04, dense: 2.5, fusion: 0.008 }, message: "" },
      { variant: "reranked", passages: [], milliseconds: {}, message: "cannot be had" },
    ],
  });
  it("marks the words of the query that are no stop words", () => {
    expect(columns[0]?.passages[0]?.text.filter(({ marked }) => marked)).toEqual([{ text: "river", marked: true }]);
    expect(columns[0]?.passages[0]?.title.at(-1)).toEqual({ text: "Nile", marked: true });
  });
  it("adds up the time, and keeps why there are no passages", () => {
    expect(columns[0]).toMatchObject({ label: "Naive", total: "12.5 ms", stages: "embedding 10 ms, dense 2.5 ms, fusion < 0.1 ms" });
    expect(columns[1]).toMatchObject({ label: "Reranked", total: "", stages: "", message: "cannot be had" });
  });
});

describe("describeIndex", () => {
  const index = (change: Partial<Index>): Index => ({ name: "", state: "absent", done: 0, total: 0, chunks: null, message: "", ...change });
  it.each([
    [index({ state: "built", chunks: 1204 }), "1,204 chunks indexed."],
    [index({ state: "building" }), "Loading the embedding model."],
    [index({ state: "building", done: 1200, total: 5000 }), "1,200 of 5,000 chunks embedded."],
    [index({ state: "failed" }), "The index could not be built."],
  ])("%#", (given, sentence) => expect(describeIndex(given)).toBe(sentence));
});

it("describes the length of an article", () => {
  const sections = [{ heading: "", text: "abc" }, { heading: "More", text: "de" }];
  expect(describeArticle({ id: 1, position: 0, key: "a", title: "A", sections })).toBe("2 sections, 5 characters");
});
