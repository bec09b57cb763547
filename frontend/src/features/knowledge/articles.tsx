import { useInfiniteQuery } from "@tanstack/react-query";
import { parseAsString, useQueryState } from "nuqs";

import { LoadMore } from "@/components/ui/load-more";
import { Panel } from "@/components/ui/panel";
import { SearchInput } from "@/components/ui/search-input";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import { knowledgeQueries } from "@/lib/api/knowledge";
import { plural } from "@/lib/format";
import { cn } from "@/lib/utils";

import { ArticleRow } from "./article-row";

const SKELETONS = 8;
const TYPING_MS = 300;
const MAX_TEXT = 200;

interface ArticlesProps {
  name: string;
  version: string;
  size: number;
}

/** The articles of one version, a page at a time, in the order of the files; filtered by title or id. */
export function Articles({ name, version, size }: ArticlesProps) {
  const [text, setText] = useQueryState("text", parseAsString.withDefault("").withOptions({ history: "replace" }));
  const pages = useInfiniteQuery(knowledgeQueries.articles(name, version, text));
  const articles = pages.data?.pages.flatMap((page) => page.items) ?? [];
  const total = pages.data?.pages[0]?.total ?? size;
  return (
    <Panel
      title="Articles"
      hint={`${plural(size, "article")}, in the order of the files`}
      actions={
        <SearchInput
          key={version}
          label="Title or id"
          placeholder="Title or id"
          value={text}
          onChange={(next) => void setText(next === "" ? null : next)}
          pauseMs={TYPING_MS}
          maxLength={MAX_TEXT}
          className="w-full sm:w-64"
        />
      }
      flush
    >
      {pages.data ? (
        articles.length > 0 ? (
          <>
            <ul aria-label={`Articles of ${name}`} className={cn("divide-y", pages.isPlaceholderData && "opacity-60")}>
              {articles.map((article) => (
                <ArticleRow key={article.id} article={article} />
              ))}
            </ul>
            <LoadMore pages={pages} shown={articles.length} total={total} />
          </>
        ) : (
          <Empty title="No such article">No title or id contains “{text}”. To search the texts, use the search above.</Empty>
        )
      ) : pages.error ? (
        <Failure error={pages.error} what="the articles" onRetry={() => void pages.refetch()} />
      ) : (
        <SkeletonRows rows={SKELETONS} className="h-15" />
      )}
    </Panel>
  );
}
