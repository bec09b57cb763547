import { describe, expect, it } from "vitest";

import { fromFirstMark, hasMark, markPhrases, queryWords, answersToMark } from "./highlight";

const marked = (text: string, ...phrases: string[]) =>
  markPhrases(text, phrases)
    .filter((segment) => segment.marked)
    .map((segment) => segment.text);

describe("markPhrases", () => {
  it("marks whole words, ignoring case, and keeps the whole text", () => {
    const text = "Paris, a city in PARIS county; parisian is not it.";
    expect(marked(text, "paris")).toEqual(["Paris", "PARIS"]);
    expect(
      markPhrases(text, ["paris"])
        .map((segment) => segment.text)
        .join(""),
    ).toBe(text);
  });

  it.each([
    ["São Paulo and Sao Paulo", "sao paulo", ["São Paulo", "Sao Paulo"]],
    ["Sa\u0303o Paulo", "São Paulo", ["Sa\u0303o Paulo"]],
    ["the Malmö, Łódź and Straße roads", "strasse", ["Straße"]],
    ["Łódź", "lodz", ["Łódź"]],
  ])("ignores accents: %j has %j", (text, phrase, found) => expect(marked(text, phrase)).toEqual(found));

  it.each([
    ["Spider-Man swings", "spider man", ["Spider-Man"]],
    ["Spider-Man swings", "Spiderman", ["Spider-Man"]],
    ["Spiderman swings", "Spider-Man", ["Spiderman"]],
    ["in the U.S. Senate", "US", ["U.S"]],
    ["the rapist", "therapist", []],
    ["therapist", "the rapist", []],
    ["spiderman", "spider man", []],
    ["O'Neill's", "O’Neill", ["O'Neill"]],
  ])("ignores punctuation but not white space: %j has %j", (text, phrase, found) => expect(marked(text, phrase)).toEqual(found));

  it("prefers the longest phrase", () => {
    expect(marked("New York City is in New York", "new york", "New York City")).toEqual(["New York City", "New York"]);
  });

  it("ignores a leading article, unless it is the whole phrase", () => {
    expect(marked("Beatles records", "The Beatles")).toEqual(["Beatles"]);
    expect(marked("in the end", "The")).toEqual(["the"]);
  });

  it("treats nothing as a regular expression", () => {
    const hostile = ["(a+)+$", ".*", "[", "\\", "$&", "a|b", ""];
    expect(marked("nothing of (a+)+$ here", ".*", "[", "\\", "")).toEqual([]);
    expect(() => markPhrases("a".repeat(20_000), hostile)).not.toThrow();
    expect(markPhrases("<b>bold</b>", ["bold"])).toContainEqual({ text: "bold", marked: true });
  });

  it("is fast with many phrases and a long text", () => {
    const text = "lorem ipsum dolor ".repeat(3_000);
    const since = performance.now();
    markPhrases(text, Array.from({ length: 300 }, (_, index) => `lorem ipsum dolor lorem ${index}`));
    expect(performance.now() - since).toBeLessThan(2_000);
  });

  it("finds words in scripts without spaces", () => expect(marked("他在北京工作", "北京")).toEqual(["北京"]));
  it("has no segments for an empty text", () => expect(markPhrases("", ["x"])).toEqual([]));
  it("knows whether there is a mark", () => {
    expect(hasMark(markPhrases("one two", ["two"]))).toBe(true);
    expect(hasMark(markPhrases("one two", ["three"]))).toBe(false);
  });
});

describe("answersToMark", () => {
  it("leaves out yes and no", () => {
    expect(answersToMark(["Yes"])).toEqual([]);
    expect(answersToMark(["No", "Norway"])).toEqual(["No", "Norway"]);
  });
  it("leaves out what is too long to stand in a passage", () => expect(answersToMark(["Nile", "long ".repeat(9_999)])).toEqual(["Nile"]));
});

describe("queryWords", () => {
  it("leaves out stop words and repetitions", () => {
    expect(queryWords("Who wrote the Emma that Émma wrote?")).toEqual(["wrote", "emma"]);
    expect(queryWords("who is it")).toEqual(["who", "is", "it"]);
  });
});

describe("fromFirstMark", () => {
  const segments = markPhrases(`${"word ".repeat(100)}Paris is here`, ["Paris"]);
  it("cuts the text long before the mark, at a word", () => {
    const [first, second] = fromFirstMark(segments, 200, 20);
    expect(first?.text).toBe("… word word word ");
    expect(second).toEqual({ text: "Paris", marked: true });
  });
  it("keeps a text with a mark near its beginning, or without any", () => {
    expect(fromFirstMark(segments, 600)).toEqual(segments);
    const plain = markPhrases("word ".repeat(100), ["Paris"]);
    expect(fromFirstMark(plain, 200)).toEqual(plain);
  });
});
