import { describe, expect, it } from "vitest";

import { describeAttribution, prepareAttribution } from "./attribution-prepare";

const of = (supported: number, unsupported: number, misread: number, not_retrieved: number) => ({ supported, unsupported, misread, not_retrieved });

describe("prepareAttribution", () => {
  it("gives counts and shares in one order", () => {
    expect(prepareAttribution(of(6, 1, 2, 1)).map(({ name, count, share }) => [name, count, share])).toEqual([
      ["supported", 6, 0.6],
      ["unsupported", 1, 0.1],
      ["misread", 2, 0.2],
      ["not_retrieved", 1, 0.1],
    ]);
  });
  it("has shares of 0 without any answer", () => expect(prepareAttribution(of(0, 0, 0, 0)).every(({ share }) => share === 0)).toBe(true));
});

describe("describeAttribution", () => {
  it.each([
    [of(0, 0, 0, 0), "No answer can be attributed to retrieval or to the model."],
    [of(4, 1, 0, 0), "All 5 answers are right, 4 with an accepted answer in the prompt and 1 without."],
    [of(4, 0, 1, 0), "1 of 5 answers is wrong, with an accepted answer in the prompt."],
    [of(2, 0, 0, 3), "3 of 5 answers are wrong, all without an accepted answer in the prompt."],
    [
      of(6, 0, 3, 1),
      "4 of 10 answers are wrong: 3 (75.0 %) with an accepted answer in the prompt, 1 (25.0 %) without.",
    ],
  ])("%j", (attribution, sentence) => expect(describeAttribution(attribution)).toBe(sentence));
});
