import { expect } from "@playwright/test";

import type { components } from "@/lib/api/v1";

type Schemas = components["schemas"];
export type Experiment = Schemas["ExperimentOut"];

const RUN_MS = 25_000;

/** The API as the tests use it beside the page: to prepare what a page is to show, and to check what it did. */
export class Api {
  constructor(
    readonly url: string,
    private readonly key = "",
  ) {}

  private async ask<T>(path: string, init: RequestInit = {}): Promise<T> {
    const headers = new Headers(init.headers);
    if (this.key) headers.set("x-api-key", this.key);
    const response = await fetch(`${this.url}/api/v1${path}`, { ...init, headers });
    if (!response.ok) throw new Error(`${init.method ?? "GET"} ${path}: ${response.status} ${await response.text()}`);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  /** Stores an experiment with the mock model; it does not start. Answers are never taken from the cache. */
  create(name: string, change: Record<string, unknown> = {}): Promise<Experiment> {
    const config = {
      name,
      model: "mock/gold?accuracy=0.7&latency_ms=20",
      method: { name: "naive" },
      dataset: { name: "trivia_qa", n: 40 },
      seed: 42,
      concurrency: 8,
      cache: false,
      ...change,
    };
    return this.ask("/experiments", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ config }),
    });
  }

  start(id: string): Promise<Experiment> {
    return this.ask(`/experiments/${id}/run`, { method: "POST" });
  }

  get(id: string): Promise<Experiment> {
    return this.ask(`/experiments/${id}`);
  }

  cancel(id: string): Promise<Experiment> {
    return this.ask(`/experiments/${id}/cancel`, { method: "POST" });
  }

  list(query = "limit=200"): Promise<{ items: Schemas["ExperimentSummary"][]; total: number }> {
    return this.ask(`/experiments?${query}`);
  }

  async ended(id: string, withinMs = RUN_MS): Promise<Experiment> {
    await expect
      .poll(async () => (await this.get(id)).status, { timeout: withinMs, intervals: [100] })
      .toMatch(/COMPLETED|FAILED|CANCELLED/);
    return this.get(id);
  }

  /** An experiment that has been run to its end. */
  async run(name: string, change: Record<string, unknown> = {}): Promise<Experiment> {
    const { id } = await this.create(name, change);
    await this.start(id);
    return this.ended(id);
  }

  runs(id: string, query = "limit=500"): Promise<{ items: Schemas["RunSummary"][]; total: number | null }> {
    return this.ask(`/results/${id}/runs?${query}`);
  }

  outcomes(ids: string[], outcome: string): Promise<{ items: Schemas["ComparedExample"][]; total: number | null }> {
    const query = new URLSearchParams([...ids.map((id) => ["ids", id]), ["outcome", outcome], ["limit", "200"]]);
    return this.ask(`/results/compare/examples?${query}`);
  }

  datasets(): Promise<Schemas["DatasetOut"][]> {
    return this.ask("/datasets");
  }

  upload(name: string, lines: Record<string, unknown>[]): Promise<Schemas["DatasetAdded"]> {
    const form = new FormData();
    form.set("name", name);
    form.set("file", new Blob([lines.map((line) => JSON.stringify(line)).join("\n")]), `${name}.jsonl`);
    return this.ask("/datasets", { method: "POST", body: form });
  }

  knowledgeBases(): Promise<Schemas["KnowledgeBaseOut"][]> {
    return this.ask("/knowledge-bases");
  }

  addArticles(name: string, articles: Record<string, unknown>[]): Promise<Schemas["KnowledgeBaseAdded"]> {
    const form = new FormData();
    form.set("name", name);
    form.append("files", new Blob([articles.map((article) => JSON.stringify(article)).join("\n")]), `${name}.jsonl`);
    return this.ask("/knowledge-bases", { method: "POST", body: form });
  }

  /** Builds the index of a knowledge base by the default options, and waits for it. */
  async index(name: string, withinMs: number): Promise<void> {
    const post = (what: string) =>
      this.ask<Schemas["IndexOut"]>(`/knowledge-bases/${name}/${what}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      });
    await post("build");
    await expect.poll(async () => (await post("index")).state, { timeout: withinMs, intervals: [200] }).toMatch(/built|failed/);
    expect((await post("index")).message).toBe("");
  }

  /** Hides all experiments, so that a test has the list to itself. */
  async clear(): Promise<void> {
    for (const { id, status } of (await this.list()).items) {
      if (status === "RUNNING" || status === "PENDING") {
        await this.cancel(id).catch(() => undefined); // one that was never started needs no cancelling
        await this.ended(id);
      }
      await this.ask(`/experiments/${id}`, { method: "DELETE" });
    }
  }
}
