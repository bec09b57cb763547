"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsBoolean, parseAsString, useQueryStates } from "nuqs";

import { Page } from "@/components/layout/page";
import { Button } from "@/components/ui/button";
import { Panel } from "@/components/ui/panel";
import { SearchInput } from "@/components/ui/search-input";
import { Segmented } from "@/components/ui/segmented";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import { Table, Th } from "@/components/ui/table";
import { systemQueries } from "@/lib/api/queries";

import { countReady, groupByProvider } from "./prepare";
import { ProviderRows } from "./provider-rows";

const TYPING_MS = 100;

/** The filter in the address. */
const params = { text: parseAsString.withDefault(""), ready: parseAsBoolean.withDefault(false) };

/** The model catalog: which models are ready, and what the others need. */
export function Models() {
  const [filter, setFilter] = useQueryStates(params, { history: "replace" });
  const { data, error, refetch } = useQuery(systemQueries.models());
  const all = useQuery({ ...systemQueries.checkModels(), enabled: false });
  const groups = data && groupByProvider(data, filter);
  const count = data && countReady(data.models);
  return (
    <Page title="Models" lead="The models that can be used, and what the others still need.">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <SearchInput
          label="Search"
          placeholder="Model, provider, description"
          value={filter.text}
          onChange={(text) => void setFilter({ text })}
          pauseMs={TYPING_MS}
          className="min-w-0 flex-1 basis-64"
        />
        <Segmented
          label="State"
          value={filter.ready ? "ready" : "all"}
          onChange={(value) => void setFilter({ ready: value === "ready" })}
          options={[
            { value: "all", label: `All ${count?.total ?? "–"}` },
            { value: "ready", label: `Ready only ${count?.ready ?? "–"}` },
          ]}
        />
        <Button disabled={all.isFetching} onClick={() => void all.refetch()}>
          {all.isFetching ? "Checking…" : "Check all"}
        </Button>
      </div>
      <Panel flush>
        {groups ? (
          groups.length > 0 ? (
            <Table aria-label="Models" className="max-lg:block lg:table-fixed">
              <thead className="hidden lg:table-header-group">
                <tr>
                  <Th>Model</Th>
                  <Th className="w-36">State</Th>
                  <Th className="w-20 text-right">Weights</Th>
                  <Th className="w-24 text-right">Context</Th>
                  <Th className="w-44 text-right">$ per 1M tokens, in / out</Th>
                  <Th className="w-40">
                    <span className="sr-only">Actions</span>
                  </Th>
                </tr>
              </thead>
              {groups.map((group) => (
                <ProviderRows key={group.provider.name} group={group} />
              ))}
            </Table>
          ) : (
            <Empty title="Nothing matches" action={<Button onClick={() => void setFilter(null)}>Show all models</Button>}>
              {filter.ready ? "No ready model matches." : "No model matches."}
            </Empty>
          )
        ) : error ? (
          <Failure error={error} what="the models" onRetry={() => void refetch()} />
        ) : (
          <SkeletonRows rows={12} className="h-16" />
        )}
      </Panel>
    </Page>
  );
}
