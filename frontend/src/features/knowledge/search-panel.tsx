import { useQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { parseAsString, useQueryState } from "nuqs";
import { type FormEvent, useState } from "react";

import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import { Failure } from "@/components/ui/state";
import { knowledgeQueries } from "@/lib/api/knowledge";
import { cn } from "@/lib/utils";

import { type Index, prepareSearch } from "./prepare";
import { SearchColumns, SearchSkeleton } from "./search-columns";

const MAX_QUERY = 2_000;

interface SearchPanelProps {
  name: string;
  version: string;
  index: Index | undefined;
  /** Called for a search without an index. */
  onBuild: () => void;
}

/** The passages of each retrieval variant for one query, side by side; the query is in the address (`?q=`). */
export function SearchPanel({ name, version, index, onBuild }: SearchPanelProps) {
  const [q, setQ] = useQueryState("q", parseAsString.withDefault("").withOptions({ history: "push" }));
  const built = index?.state === "built";
  const search = useQuery({ ...knowledgeQueries.search(name, version, q), enabled: q !== "" && built });
  const submit = (query: string) => {
    void setQ(query === "" ? null : query);
    if (query !== "" && (index?.state === "absent" || index?.state === "failed")) onBuild();
  };
  return (
    <Panel title="Search" hint="The passages that each retrieval variant finds, with ranks and scores by stage." flush>
      <SearchForm key={q} query={q} onSubmit={submit} busy={search.isFetching} />
      {q !== "" &&
        (search.data ? (
          <div className={cn("transition-opacity", search.isPlaceholderData && "opacity-60")} aria-busy={search.isPlaceholderData}>
            <SearchColumns columns={prepareSearch(search.data)} />
          </div>
        ) : search.error ? (
          <div className="border-t">
            <Failure error={search.error} what="the search results" onRetry={() => void search.refetch()} />
          </div>
        ) : built ? (
          <SearchSkeleton />
        ) : (
          index && (
            <p role="status" className="border-t px-4 py-3">
              {index.state === "building"
                ? "The index is being built; the search starts when it is ready."
                : "There is no index yet. Build it above; the search starts when it is ready."}
            </p>
          )
        ))}
    </Panel>
  );
}

interface SearchFormProps {
  query: string;
  busy: boolean;
  onSubmit: (query: string) => void;
}

/** Starts with the query of the address; remounted when that changes. */
function SearchForm({ query, busy, onSubmit }: SearchFormProps) {
  const [text, setText] = useState(query);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit(text.trim());
  };
  return (
    <form role="search" onSubmit={submit} className="flex flex-wrap gap-2 p-4">
      <Input
        type="search"
        aria-label="Query"
        placeholder="A question, or some words"
        maxLength={MAX_QUERY}
        className="flex-1 basis-64"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit" disabled={busy}>
        <Search aria-hidden="true" />
        {busy ? "Searching…" : "Search"}
      </Button>
    </form>
  );
}
