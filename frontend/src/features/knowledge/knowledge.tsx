"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsString, useQueryStates } from "nuqs";
import { useState } from "react";

import { ListPage } from "@/components/data/list-page";
import { VersionTable } from "@/components/data/version-table";
import { knowledgeQueries } from "@/lib/api/knowledge";
import { groupVersions } from "@/lib/versions";

import { BaseView } from "./base-view";
import { baseHref, type Version } from "./prepare";
import { UploadDialog } from "./upload-dialog";

/** The state in the address: which knowledge base is shown, in which version, searched and filtered by what. */
const params = {
  name: parseAsString.withDefault(""),
  version: parseAsString.withDefault(""),
  q: parseAsString.withDefault(""),
  text: parseAsString.withDefault(""),
};

/** All knowledge bases, or one of them with its articles and a search. */
export function Knowledge() {
  const [{ name, version }, setAddress] = useQueryStates(params, { history: "push" });
  const [uploading, setUploading] = useState(false);
  const list = useQuery(knowledgeQueries.list());
  const groups = groupVersions(list.data ?? []);
  const group = groups.find((each) => each.name === name);
  // The search stays when another version of the same knowledge base is shown.
  const show = (chosen: Version) =>
    void setAddress({ name: chosen.name, version: chosen.version, q: name === chosen.name ? undefined : null, text: null });
  const upload = () => setUploading(true);
  return (
    <>
      {name ? (
        <BaseView key={name} name={name} version={version} group={group} list={list} onVersion={show} onUpload={upload} />
      ) : (
        <ListPage
          title="Knowledge"
          lead="Articles to retrieve from. A version is named by the hash of its content and never changes."
          noun="knowledge base"
          empty="A knowledge base is made from files of articles: JSONL, JSON, Markdown or plain text."
          list={list}
          onUpload={upload}
        >
          <VersionTable label="Knowledge bases" heads={{ name: "Knowledge base", size: "Articles" }} groups={groups} href={baseHref} />
        </ListPage>
      )}
      <UploadDialog key={name} open={uploading} onOpenChange={setUploading} onAdded={show} base={group?.newest} known={groups.map((each) => each.name)} />
    </>
  );
}
