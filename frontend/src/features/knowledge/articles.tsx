import { useInfiniteQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { parseAsString, useQueryState } from "nuqs";

import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import { knowledgeQueries } from "@/lib/api/knowledge";
import { formatCount, plural } from "@/lib/format";
import { useTyped } from "@/lib/use-typed";
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

/** The articles of one version, a page at a time, in the order of the files; by title or id if one is looked for. */
export function Articles({ name, version, size }: ArticlesProps) {
  const [text, setText] = useQueryState("text", parseAsString.withDefault("").withOptions({ history: "replace" }));
  const pages = useInfiniteQuery(knowledgeQueries.articles(name, version, text));
  const articles = pages.data?.pages.flatMap((page) => page.items) ?? [];
  const total = pages.data?.pages[0]?.total ?? size;
  return (
    <Panel
      title="Articles"
      hint={`${plural(size, "article")}, in the order of the files`}
      actions={<TitleFilter key={version} value={text} onChange={(next) => void setText(next === "" ? null : next)} />}
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
            <div className={cn("flex items-center justify-between gap-3 border-t px-4 py-2.5", !pages.hasNextPage && "py-3")}>
              <span className="num text-xs" role="status">
                {formatCount(articles.length)} of {formatCount(total)} shown
              </span>
              {pages.hasNextPage && (
                <Button size="sm" disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
                  {pages.isFetchingNextPage ? "Loading…" : pages.isFetchNextPageError ? "Try again" : "Show more"}
                </Button>
              )}
            </div>
            {pages.isFetchNextPageError && (
              <p role="alert" className="border-t px-4 py-2.5 text-xs text-bad">
                {pages.error.message}
              </p>
            )}
          </>
        ) : (
          <Empty title="No such article">No title or id holds “{text}”. To look into the texts, use the search above.</Empty>
        )
      ) : pages.error ? (
        <Failure error={pages.error} what="the articles" onRetry={() => void pages.refetch()} />
      ) : (
        <SkeletonRows rows={SKELETONS} className="h-15" />
      )}
    </Panel>
  );
}

/** Asks only when the typing pauses. */
function TitleFilter({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [text, setText] = useTyped(value, onChange, TYPING_MS);
  return (
    <div className="relative w-full sm:w-64">
      <Search aria-hidden="true" className="absolute top-2.5 left-3 size-4" />
      <Input
        type="search"
        aria-label="Title or id"
        placeholder="Title or id"
        maxLength={MAX_TEXT}
        className="pl-9"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </div>
  );
}
