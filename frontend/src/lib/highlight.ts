/** Finds phrases in a text to mark them. Both are untrusted, so no regular expression is built from either. */

export interface Segment {
  text: string;
  marked: boolean;
}

/** A run of letters and digits; in scripts without spaces, each character is a word. */
const WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]\p{M}*|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}])[\p{L}\p{N}\p{M}])+/gu;
const LETTERS: Record<string, string> = { ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ı: "i" };
const ARTICLES = new Set(["a", "an", "the"]);

interface Word {
  /** Lower case, without accents. */
  folded: string;
  start: number;
  end: number;
  /** White space precedes it. */
  apart: boolean;
}

function fold(text: string): string {
  const plain = text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.replace(/[ßæœøłđı]/g, (letter) => LETTERS[letter] ?? letter);
}

function wordsOf(text: string): Word[] {
  let before = 0;
  return [...text.matchAll(WORD)].map((found) => {
    const start = found.index;
    const apart = /\s/.test(text.slice(before, start));
    before = start + found[0].length;
    return { folded: fold(found[0]), start, end: before, apart };
  });
}

interface Phrase {
  letters: string;
  /** Offsets in `letters` at which one word ends and the next begins; `true` if white space separates them. */
  joints: Map<number, boolean>;
}

/** Prepares a phrase for matching; a leading article is dropped. */
function phraseOf(text: string): Phrase | null {
  const all = wordsOf(text);
  const words = all.length > 1 && ARTICLES.has(all[0]?.folded ?? "") ? all.slice(1) : all;
  const joints = new Map<number, boolean>();
  let letters = "";
  for (const word of words) {
    if (letters !== "") joints.set(letters.length, word.apart);
    letters += word.folded;
  }
  return letters === "" ? null : { letters, joints };
}

/**
 * The number of words, from `from` on, that match the phrase; 0 if they do not.
 *
 * Punctuation is ignored (`Spider-Man`, `spider man`, `U.S.`, `US`). White space is not: it may not split a
 * word of the phrase, and may not be missing between two of its words.
 */
function lengthAt(words: Word[], from: number, { letters, joints }: Phrase): number {
  let done = 0;
  const met = new Set<number>();
  for (let at = from; at < words.length; at++) {
    const word = words[at];
    if (!word) return 0;
    if (at > from) {
      if (word.apart && !joints.has(done)) return 0;
      met.add(done);
    }
    if (!letters.startsWith(word.folded, done)) return 0;
    done += word.folded.length;
    if (done === letters.length) return [...joints].every(([offset, apart]) => !apart || met.has(offset)) ? at - from + 1 : 0;
  }
  return 0;
}

/** Splits a text into segments and marks the phrases: whole words, ignoring case and accents; the longest phrase wins. */
export function markPhrases(text: string, phrases: readonly string[]): Segment[] {
  const wanted = phrases
    .map(phraseOf)
    .filter((phrase) => phrase !== null)
    .sort((a, b) => b.letters.length - a.letters.length);
  const byFirst = new Map<string, Phrase[]>();
  for (const phrase of wanted) {
    const first = phrase.letters.charAt(0);
    byFirst.set(first, [...(byFirst.get(first) ?? []), phrase]);
  }
  const words = wordsOf(text);
  const segments: Segment[] = [];
  const add = (from: number, to: number, marked: boolean) => {
    if (to > from) segments.push({ text: text.slice(from, to), marked });
  };
  let done = 0;
  for (let at = 0; at < words.length; at++) {
    const first = words[at];
    if (!first) break;
    let length = 0;
    for (const phrase of byFirst.get(first.folded.charAt(0)) ?? []) {
      length = lengthAt(words, at, phrase);
      if (length > 0) break;
    }
    const last = words[at + length - 1];
    if (length === 0 || !last) continue;
    add(done, first.start, false);
    add(first.start, last.end, true);
    done = last.end;
    at += length - 1;
  }
  add(done, text.length, false);
  return segments;
}

/** Whether any segment is marked. */
export function hasMark(segments: readonly Segment[]): boolean {
  return segments.some(({ marked }) => marked);
}

const YES_NO = new Set(["yes", "no", "noanswer"]);

/** Characters of an answer that may stand in a passage; longer ones are texts of their own. */
const LONGEST = 2_000;

/** The accepted answers that are worth marking in a passage; none, if all of them are yes or no. */
export function answersToMark(answers: readonly string[]): string[] {
  const short = answers.filter((answer) => answer.length <= LONGEST);
  return short.every((answer) => YES_NO.has(fold(answer).trim())) ? [] : short;
}

const STOP_WORDS = new Set(
  (
    "a an the and or of in on at to by for from with as is are was were be been did do does has have had it its " +
    "through into over under about after before between during this that these those who whom whose which what when where why how many much"
  ).split(" "),
);

/** The words of a query without stop words; all words, if there are no others. */
export function queryWords(query: string): string[] {
  const words = [...new Set(wordsOf(query).map(({ folded }) => folded))];
  const content = words.filter((word) => !STOP_WORDS.has(word));
  return content.length > 0 ? content : words;
}

/** The segments from shortly before the first mark on, after an ellipsis, if more than `room` characters precede it. */
export function fromFirstMark(segments: readonly Segment[], room: number, lead = 80): Segment[] {
  const first = segments.findIndex(({ marked }) => marked);
  const before = segments[0];
  if (first !== 1 || !before || before.text.length <= room) return [...segments];
  const tail = before.text.slice(-lead);
  const word = tail.search(/\s/);
  return [{ text: `… ${tail.slice(word + 1)}`, marked: false }, ...segments.slice(1)];
}
