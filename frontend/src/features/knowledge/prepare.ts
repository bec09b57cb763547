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

/** The address of a new experiment that retrieves; a version is named only where it is not the newest. */
export function newExperimentHref(group: BaseGroup, chosen: Version): string {
  const query = new URLSearchParams({ knowledge: group.name });
  if (chosen.version !== group.newest.version) query.set("knowledge_version", chosen.version);
  return `/experiments/new/?${query}`;
}

export const variants: Record<Found["variant"], { label: string; how: string }> = {
  naive: { label: "Naive", how: "By meaning: the passages whose vectors are nearest to the query’s." },
  hybrid: { label: "Hybrid", how: "By meaning and by words (BM25), fused." },
  reranked: { label: "Reranked", how: "The hybrid’s candidates, read again with the query by a cross-encoder." },
};

export interface Column {
  variant: Found["variant"];
  label: string;
  how: string;
  passages: MarkedPassage[];
  /** Milliseconds in all; empty if nothing was done. */
  total: string;
  /** `embedding 12 ms, dense 3 ms` */
  stages: string;
  /** Why there is nothing. */
  message: string;
}

/** What each variant found, with the words of the query marked. */
export function prepareSearch({ query, variants: found }: Schemas["SearchOut"]): Column[] {
  const words = queryWords(query);
  return found.map(({ variant, passages, milliseconds, message }) => {
    const spent = Object.entries(milliseconds);
    return {
      variant,
      ...variants[variant],
      passages: markPassages(passages, words),
      total: spent.length > 0 ? briefly(spent.reduce((sum, [, ms]) => sum + ms, 0)) : "",
      stages: spent.map(([stage, ms]) => `${stage} ${briefly(ms)}`).join(", "),
      message,
    };
  });
}

/** A duration of which microseconds tell nothing. */
function briefly(ms: number): string {
  return ms < 0.1 ? "< 0.1 ms" : formatDuration(ms < 100 ? Math.round(ms * 10) / 10 : ms);
}

/** Where an index stands, in a sentence. */
export function describeIndex({ state, done, total, chunks }: Index): string {
  switch (state) {
    case "built":
      return `${plural(chunks ?? 0, "chunk")} can be searched.`;
    case "building":
      return total > 0 ? `${formatCount(done)} of ${plural(total, "chunk")} have their vector.` : "The embedding model is being loaded.";
    case "failed":
      return "It could not be built.";
    case "absent":
      return "Each chunk gets a vector first. Experiments that need the index build it themselves.";
  }
}

/** How long an article is: `3 sections, 1,234 characters`. */
export function describeArticle({ sections }: Article): string {
  const characters = sections.reduce((sum, { text }) => sum + text.length, 0);
  return `${plural(sections.length, "section")}, ${plural(characters, "character")}`;
}
