import type { Schemas } from "@/lib/api/client";
import { formatNumber } from "@/lib/format";
import { hasMark, markPhrases, type Segment, answersToMark } from "@/lib/highlight";

export type Passage = Schemas["PassageOut"];

/** In the order in which they run. */
const stages: readonly { stage: string; label: string; score: string }[] = [
  { stage: "dense", label: "dense retrieval", score: "cosine similarity" },
  { stage: "bm25", label: "BM25", score: "score" },
  { stage: "fused", label: "fusion", score: "fused score" },
  { stage: "reranked", label: "reranking", score: "cross-encoder score" },
];

export interface StageHit {
  stage: string;
  rank: number;
  /** `dense retrieval: rank 1, cosine similarity 0.713` */
  description: string;
}

/** Rank and score of a passage by stage, in the order in which the stages run; unknown stages come last. */
export function stageHits({ stages: hits }: Pick<Passage, "stages">): StageHit[] {
  const placeOf = (name: string) => {
    const at = stages.findIndex(({ stage }) => stage === name);
    return at < 0 ? stages.length : at;
  };
  return Object.entries(hits)
    .sort(([a], [b]) => placeOf(a) - placeOf(b) || a.localeCompare(b))
    .map(([stage, { rank, score }]) => {
      const known = stages.find((one) => one.stage === stage);
      return { stage, rank, description: `${known?.label ?? stage}: rank ${rank}, ${known?.score ?? "score"} ${signed(score)}` };
    });
}

function signed(value: number): string {
  return formatNumber(value).replace("-", "−");
}

export interface MarkedPassage {
  passage: Passage;
  title: Segment[];
  text: Segment[];
  /** Title or text has a mark. */
  hasMark: boolean;
}

/** Marks phrases in the titles and texts of passages. */
export function markPassages(passages: readonly Passage[], phrases: readonly string[]): MarkedPassage[] {
  return passages.map((passage) => {
    const [title, text] = [markPhrases(passage.title, phrases), markPhrases(passage.text, phrases)];
    return { passage, title, text, hasMark: hasMark(title) || hasMark(text) };
  });
}

/** Marks the accepted answers in passages. */
export function markAnswers(passages: readonly Passage[], answers: readonly string[]): MarkedPassage[] {
  return markPassages(passages, answersToMark(answers));
}

/** The retrieved passages in a sentence. */
export function describeRetrieved(marked: readonly MarkedPassage[], answers: readonly string[]): string {
  const total = marked.length === 1 ? "1 passage" : `${marked.length} passages`;
  if (marked.length === 0) return "Nothing was retrieved.";
  const dropped = marked.filter(({ passage }) => passage.dropped).length;
  const left = dropped > 0 ? ` ${dropped} left out of a prompt that would have been too long.` : "";
  if (answersToMark(answers).length === 0) return `${total}, best first.${left}`;
  const containing = marked.flatMap((passage, index) => (passage.hasMark ? [index + 1] : []));
  const found =
    containing.length === 0
      ? "none contains an accepted answer"
      : containing.length === 1
        ? `number ${containing[0]} contains an accepted answer`
        : `numbers ${containing.slice(0, -1).join(", ")} and ${containing.at(-1)} contain an accepted answer`;
  return `${total}, best first; ${found}.${left}`;
}
