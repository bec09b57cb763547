import type { Schemas } from "@/lib/api/client";
import { formatNumber } from "@/lib/format";
import { hasMark, markPhrases, type Segment, tellingAnswers } from "@/lib/highlight";

export type Passage = Schemas["PassageOut"];

const stages: readonly { stage: string; by: string; scale: string }[] = [
  { stage: "dense", by: "by meaning", scale: "cosine" },
  { stage: "bm25", by: "by words", scale: "BM25" },
  { stage: "fused", by: "both together", scale: "fused score" },
  { stage: "reranked", by: "read again", scale: "the reranker’s score" },
];

export interface StageHit {
  stage: string;
  rank: number;
  /** `by meaning: rank 1, cosine 0.713` */
  said: string;
}

/** What each stage said of a passage, in the order in which they work; stages that are not known come last. */
export function stageHits({ stages: hits }: Pick<Passage, "stages">): StageHit[] {
  const placeOf = (name: string) => {
    const at = stages.findIndex(({ stage }) => stage === name);
    return at < 0 ? stages.length : at;
  };
  return Object.entries(hits)
    .sort(([a], [b]) => placeOf(a) - placeOf(b) || a.localeCompare(b))
    .map(([stage, { rank, score }]) => {
      const known = stages.find((one) => one.stage === stage);
      return { stage, rank, said: `${known?.by ?? stage}: rank ${rank}, ${known?.scale ?? "score"} ${signed(score)}` };
    });
}

function signed(value: number): string {
  return formatNumber(value).replace("-", "−");
}

export interface MarkedPassage {
  passage: Passage;
  title: Segment[];
  text: Segment[];
  /** An accepted answer stands in its title or text. */
  holds: boolean;
}

/** Passages with the phrases marked in title and text. */
export function markPassages(passages: readonly Passage[], phrases: readonly string[]): MarkedPassage[] {
  return passages.map((passage) => {
    const [title, text] = [markPhrases(passage.title, phrases), markPhrases(passage.text, phrases)];
    return { passage, title, text, holds: hasMark(title) || hasMark(text) };
  });
}

/** Passages with the accepted answers marked. */
export function markAnswers(passages: readonly Passage[], answers: readonly string[]): MarkedPassage[] {
  return markPassages(passages, tellingAnswers(answers));
}

/** What was retrieved for an answer, in a sentence. */
export function describeRetrieved(marked: readonly MarkedPassage[], answers: readonly string[]): string {
  const total = marked.length === 1 ? "1 passage" : `${marked.length} passages`;
  if (marked.length === 0) return "Nothing was found.";
  const dropped = marked.filter(({ passage }) => passage.dropped).length;
  const left = dropped > 0 ? ` ${dropped} left out of the prompt, which would have been too long.` : "";
  if (tellingAnswers(answers).length === 0) return `${total}, best first.${left}`;
  const holding = marked.flatMap(({ holds }, index) => (holds ? [index + 1] : []));
  const found =
    holding.length === 0
      ? "none holds an accepted answer"
      : holding.length === 1
        ? `number ${holding[0]} holds an accepted answer`
        : `numbers ${holding.slice(0, -1).join(", ")} and ${holding.at(-1)} hold an accepted answer`;
  return `${total}, best first; ${found}.${left}`;
}
