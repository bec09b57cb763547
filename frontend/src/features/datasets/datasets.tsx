"use client";

import { useQuery } from "@tanstack/react-query";
import { Upload } from "lucide-react";
import { parseAsString, useQueryStates } from "nuqs";
import { useState } from "react";

import { Page } from "@/components/layout/page";
import { Button } from "@/components/ui/button";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import { datasetQueries } from "@/lib/api/queries";
import { groupVersions } from "@/lib/versions";

import { DatasetTable } from "./dataset-table";
import { DatasetView } from "./dataset-view";
import type { Version } from "./prepare";
import { UploadDialog } from "./upload-dialog";

/** What the address holds: which dataset is looked at, and which version of it. */
const params = { name: parseAsString.withDefault(""), version: parseAsString.withDefault("") };

/** The questions: all datasets, or one of them with its examples. */
export function Datasets() {
  const [{ name, version }, setPlace] = useQueryStates(params, { history: "push" });
  const [uploading, setUploading] = useState(false);
  const list = useQuery(datasetQueries.list());
  const groups = groupVersions(list.data ?? []);
  const group = groups.find((each) => each.name === name);
  const show = (chosen: Version) => void setPlace({ name: chosen.name, version: chosen.version });
  const upload = (
    <UploadDialog
      key={name}
      open={uploading}
      onOpenChange={setUploading}
      onAdded={show}
      base={group?.newest}
      known={groups.map((each) => each.name)}
    />
  );

  if (name) {
    return (
      <>
        <DatasetView
          key={name}
          name={name}
          version={version}
          group={group}
          list={list}
          onVersion={show}
          onUpload={() => setUploading(true)}
        />
        {upload}
      </>
    );
  }
  return (
    <Page
      title="Datasets"
      lead="Questions with known answers. A version never changes: its hash is that of its content."
      actions={
        <Button variant="primary" onClick={() => setUploading(true)}>
          <Upload aria-hidden="true" />
          Upload a dataset
        </Button>
      }
    >
      <Panel flush>
        {list.data ? (
          groups.length > 0 ? (
            <DatasetTable groups={groups} />
          ) : (
            <Empty
              title="No datasets yet"
              action={
                <Button variant="primary" onClick={() => setUploading(true)}>
                  Upload the first one
                </Button>
              }
            >
              A dataset is a JSONL or CSV file of questions with their accepted answers.
            </Empty>
          )
        ) : list.error ? (
          <Failure error={list.error} what="the datasets" onRetry={() => void list.refetch()} />
        ) : (
          <SkeletonRows rows={4} className="h-[60px]" />
        )}
      </Panel>
      {upload}
    </Page>
  );
}
