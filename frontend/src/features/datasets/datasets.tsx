"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsString, useQueryStates } from "nuqs";
import { useState } from "react";

import { ListPage } from "@/components/data/list-page";
import { VersionTable } from "@/components/data/version-table";
import { datasetQueries } from "@/lib/api/queries";
import { groupVersions } from "@/lib/versions";

import { DatasetView } from "./dataset-view";
import { datasetHref, type Version } from "./prepare";
import { UploadDialog } from "./upload-dialog";

/** The state in the address: which dataset is shown, in which version. */
const params = { name: parseAsString.withDefault(""), version: parseAsString.withDefault("") };

/** All datasets, or one of them with its questions. */
export function Datasets() {
  const [{ name, version }, setAddress] = useQueryStates(params, { history: "push" });
  const [uploading, setUploading] = useState(false);
  const list = useQuery(datasetQueries.list());
  const groups = groupVersions(list.data ?? []);
  const group = groups.find((each) => each.name === name);
  const show = (chosen: Version) => void setAddress({ name: chosen.name, version: chosen.version });
  const upload = () => setUploading(true);
  return (
    <>
      {name ? (
        <DatasetView key={name} name={name} version={version} group={group} list={list} onVersion={show} onUpload={upload} />
      ) : (
        <ListPage
          title="Datasets"
          lead="Questions with accepted answers. A version is named by the hash of its content and never changes."
          noun="dataset"
          empty="A dataset is a JSONL or CSV file of questions with their accepted answers."
          list={list}
          onUpload={upload}
        >
          <VersionTable
            label="Datasets"
            heads={{ name: "Dataset", size: "Questions" }}
            groups={groups}
            href={datasetHref}
            badge={{ head: "Scoring", of: ({ scoring }) => scoring }}
          />
        </ListPage>
      )}
      <UploadDialog key={name} open={uploading} onOpenChange={setUploading} onAdded={show} base={group?.newest} known={groups.map((each) => each.name)} />
    </>
  );
}
