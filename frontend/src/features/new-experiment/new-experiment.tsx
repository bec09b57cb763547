"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsString, useQueryStates } from "nuqs";

import { Page } from "@/components/layout/page";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Failure } from "@/components/ui/state";
import { datasetQueries, experimentQueries, systemQueries } from "@/lib/api/queries";

import type { Draft } from "./draft";
import { Editor } from "./editor";
import { firstMethod, firstReady } from "./models";

const SAMPLE = 100;
/** The shipped questions that the form begins with. */
const FIRST = "trivia_qa";

/** Creates an experiment. The address may give a model, dataset or knowledge base to start with, or an experiment to clone. */
export function NewExperiment() {
  const [{ clone, model, dataset, version, knowledge, knowledge_version }] = useQueryStates({
    clone: parseAsString.withDefault(""),
    model: parseAsString.withDefault(""),
    dataset: parseAsString.withDefault(""),
    version: parseAsString.withDefault(""),
    knowledge: parseAsString.withDefault(""),
    knowledge_version: parseAsString.withDefault(""),
  });
  const original = useQuery({ ...experimentQueries.detail(clone), enabled: clone !== "" });
  const document = useQuery(systemQueries.openapi());
  const catalog = useQuery(systemQueries.models());
  const datasets = useQuery(datasetQueries.list());
  const failed = [original, document, catalog, datasets].find(({ error, data }) => error && !data);

  const start = (): Draft | undefined => {
    if (clone) return original.data && { ...original.data.config, name: `${original.data.name} (copy)` };
    if (!catalog.data || !datasets.data) return undefined;
    const chosen =
      datasets.data.find((one) => one.name === dataset && one.version.startsWith(version)) ??
      (knowledge ? undefined : datasets.data.find((one) => one.name === FIRST)) ??
      // Arithmetic problems have no answer in a knowledge base.
      datasets.data.find(({ scoring }) => !knowledge || scoring !== "gsm8k") ??
      datasets.data[0];
    const chosenModel = model || firstReady(catalog.data);
    return {
      model: chosenModel,
      method: knowledge ? { name: "rag", knowledge_base: knowledge, ...(knowledge_version && { version: knowledge_version }) } : { name: firstMethod(chosenModel) },
      dataset: { name: dataset || (chosen?.name ?? ""), n: Math.min(SAMPLE, chosen?.size ?? SAMPLE), ...(version && { version }) },
      seed: 42,
    };
  };
  const name = [clone, model, dataset, version, knowledge, knowledge_version].join(" ").trim();
  const draft = document.data ? start() : undefined;
  return (
    <Page title="New experiment" lead="The same configuration gives the same questions, prompts and calls, from here or from a file.">
      {draft ? (
        <Editor key={name} name={name} start={draft} document={document.data} />
      ) : failed ? (
        <Panel flush>
          <Failure error={failed.error} what="the form" onRetry={() => void failed.refetch()} />
        </Panel>
      ) : (
        <Panel flush>
          <SkeletonRows rows={10} />
        </Panel>
      )}
    </Page>
  );
}
