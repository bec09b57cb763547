import { markPassages, type MarkedPassage } from "@/components/retrieval/passage-prepare";
import type { Schemas } from "@/lib/api/client";
import { formatCount, formatDuration, plural } from "@/lib/format";
import { queryWords } from "@/lib/highlight";
import type { VersionGroup } from "@/lib/versions";

export type Version = Schemas["KnowledgeBaseOut"];
export type BaseGroup = VersionGroup<Version>;
export type Article = Schemas["ArticleOut"];
export type Index = Schemas["IndexOut"];
type Found = Schemas["VariantOut"];

export function baseHref(name: string): string {
  return `/knowledge/?${new URLSearchParams({ name })}`;
}

/** The address of a new experiment with retrieval from this knowledge base; the version is left out if it is the newest. */
export function newExperimentHref(group: BaseGroup, chosen: Version): string {
  const query = new URLSearchParams({ knowledge: group.name });
  if (chosen.version !== group.newest.version) query.set("knowledge_version", chosen.version);
  return `/experiments/new/?${query}`;
}

export const variants: Record<Found["variant"], { label: string; how: string }> = {
  naive: { label: "Naive", how: "Dense retrieval: the passages whose embeddings are nearest to the query’s." },
  hybrid: { label: "Hybrid", how: "Dense retrieval and BM25, fused." },
  reranked: { label: "Reranked", how: "The hybrid candidates, reranked by a cross-encoder." },
};

export interface Column {
  variant: Found["variant"];
  label: string;
  how: string;
  passages: MarkedPassage[];
  /** Total time; empty if nothing was searched. */
  total: string;
  /** `embedding 12 ms, dense 3 ms` */
  stages: string;
  /** Why there are no passages. */
  message: string;
}

/** The passages of each variant, with the words of the query marked. */
export function prepareSearch({ query, variants: found }: Schemas["SearchOut"]): Column[] {
  const words = queryWords(query);
  return found.map(({ variant, passages, milliseconds, message }) => {
    const spent = Object.entries(milliseconds);
    return {
      variant,
      ...variants[variant],
      passages: markPassages(passages, words),
      total: spent.length > 0 ? formatMilliseconds(spent.reduce((sum, [, ms]) => sum + ms, 0)) : "",
      stages: spent.map(([stage, ms]) => `${stage} ${formatMilliseconds(ms)}`).join(", "),
      message,
    };
  });
}

/** A duration without microseconds, which are noise here. */
function formatMilliseconds(ms: number): string {
  return ms < 0.1 ? "< 0.1 ms" : formatDuration(ms < 100 ? Math.round(ms * 10) / 10 : ms);
}

/** The state of an index in a sentence. */
export function describeIndex({ state, done, total, chunks }: Index): string {
  switch (state) {
    case "built":
      return `${plural(chunks ?? 0, "chunk")} indexed.`;
    case "building":
      return total > 0 ? `${formatCount(done)} of ${plural(total, "chunk")} embedded.` : "Loading the embedding model.";
    case "failed":
      return "The index could not be built.";
    case "absent":
      return "Building embeds every chunk. Experiments that need the index build it themselves.";
  }
}

/** The length of an article: `3 sections, 1,234 characters`. */
export function describeArticle({ sections }: Article): string {
  const characters = sections.reduce((sum, { text }) => sum + text.length, 0);
  return `${plural(sections.length, "section")}, ${plural(characters, "character")}`;
}
