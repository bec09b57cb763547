import { describe, expect, it } from "vitest";

import { describeRetrieved, markAnswers, type Passage, stageHits } from "./passage-prepare";

const passage = (text: string, more: Partial<Passage> = {}): Passage => ({
  id: "a#0",
  article: "a",
  title: "Rivers",
  section: "",
  text,
  start: 0,
  end: text.length,
  dropped: false,
  stages: {},
  ...more,
});

describe("stageHits", () => {
  it("puts stages in the order in which they run, and names their scores", () => {
    const stages = { reranked: { rank: 1, score: -2.345 }, fused: { rank: 2, score: 0.5 }, odd: { rank: 9, score: 1 }, bm25: { rank: 4, score: 11.23 }, dense: { rank: 1, score: 0.7134 } };
    expect(stageHits({ stages }).map(({ stage, description }) => [stage, description])).toEqual([
      ["dense", "dense retrieval: rank 1, cosine similarity 0.713"],
      ["bm25", "BM25: rank 4, score 11.2"],
      ["fused", "fusion: rank 2, fused score 0.5"],
      ["reranked", "reranking: rank 1, cross-encoder score −2.35"],
      ["odd", "odd: rank 9, score 1"],
    ]);
  });
});

describe("markAnswers", () => {
  it("finds answers in title and text", () => {
    const found = markAnswers([passage("The Nile is long."), passage("Nothing"), passage("It is long.", { title: "Nile" })], ["Nile", "the Nile river"]);
    expect(found.map(({ hasMark }) => hasMark)).toEqual([true, false, true]);
  });
  it("does not mark yes and no", () => expect(markAnswers([passage("No river is longer.")], ["no"])[0]?.hasMark).toBe(false));
});

describe("describeRetrieved", () => {
  const sentenceOf = (passages: Passage[], answers: string[]) => describeRetrieved(markAnswers(passages, answers), answers);
  it.each([
    [[], ["x"], "Nothing was retrieved."],
    [[passage("a")], ["x"], "1 passage, best first; none contains an accepted answer."],
    [[passage("x"), passage("y")], ["x"], "2 passages, best first; number 1 contains an accepted answer."],
    [[passage("x"), passage("y"), passage("x")], ["x"], "3 passages, best first; numbers 1 and 3 contain an accepted answer."],
    [[passage("x"), passage("y", { dropped: true })], ["yes"], "2 passages, best first. 1 left out of a prompt that would have been too long."],
  ])("%#", (passages, answers, sentence) => expect(sentenceOf(passages, answers)).toBe(sentence));
});
