"use client";

import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { parseAsString, useQueryStates } from "nuqs";
import { useState } from "react";

import { Page } from "@/components/layout/page";
import { Button } from "@/components/ui/button";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import { knowledgeQueries } from "@/lib/api/knowledge";
import { groupVersions } from "@/lib/versions";

import { AddDialog } from "./add-dialog";
import { BaseTable } from "./base-table";
import { BaseView } from "./base-view";
import type { Version } from "./prepare";

/** What the address holds: which knowledge base is looked at, and which version of it. */
const params = { name: parseAsString.withDefault(""), version: parseAsString.withDefault(""), q: parseAsString.withDefault(""), text: parseAsString.withDefault("") };

/** What answers can be looked up in: all knowledge bases, or one of them with its articles and a search. */
export function Knowledge() {
  const [{ name, version }, setPlace] = useQueryStates(params, { history: "push" });
  const [adding, setAdding] = useState(false);
  const list = useQuery(knowledgeQueries.list());
  const groups = groupVersions(list.data ?? []);
  const group = groups.find((each) => each.name === name);
  const show = (chosen: Version) => void setPlace({ name: chosen.name, version: chosen.version, q: name === chosen.name ? undefined : null, text: null });
  const dialog = (
    <AddDialog
      key={name}
      open={adding}
      onOpenChange={setAdding}
      onAdded={show}
      base={group?.newest}
      known={groups.map((each) => each.name)}
    />
  );

  if (name) {
    return (
      <>
        <BaseView key={name} name={name} version={version} group={group} list={list} onVersion={show} onAdd={() => setAdding(true)} />
        {dialog}
      </>
    );
  }
  return (
    <Page
      title="Knowledge"
      lead="Articles that answers can be looked up in. A version never changes: its hash is that of its content."
      actions={
        <Button variant="primary" onClick={() => setAdding(true)}>
          <Plus aria-hidden="true" />
          Add a knowledge base
        </Button>
      }
    >
      <Panel flush>
        {list.data ? (
          groups.length > 0 ? (
            <BaseTable groups={groups} />
          ) : (
            <Empty
              title="No knowledge bases yet"
              action={
                <Button variant="primary" onClick={() => setAdding(true)}>
                  Add the first one
                </Button>
              }
            >
              A knowledge base is made of files of articles: JSONL, JSON, Markdown or plain text.
            </Empty>
          )
        ) : list.error ? (
          <Failure error={list.error} what="the knowledge bases" onRetry={() => void list.refetch()} />
        ) : (
          <SkeletonRows rows={3} className="h-[60px]" />
        )}
      </Panel>
      {dialog}
    </Page>
  );
}
