import { expect } from "@playwright/test";

import type { components } from "@/lib/api/v1";

type Schemas = components["schemas"];
export type Experiment = Schemas["ExperimentOut"];

const RUN_MS = 25_000;

/** The API, used by tests to prepare data and to check results. */
export class Api {
  constructor(
    readonly url: string,
    private readonly key = "",
  ) {}

  private async request<T>(path: string, init: RequestInit = {}): Promise<T> {
    const headers = new Headers(init.headers);
    if (this.key) headers.set("x-api-key", this.key);
    const response = await fetch(`${this.url}/api/v1${path}`, { ...init, headers });
    if (!response.ok) throw new Error(`${init.method ?? "GET"} ${path}: ${response.status} ${await response.text()}`);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  private post<T>(path: string, body: unknown): Promise<T> {
    return this.request(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  }

  /** Creates an experiment with the mock model, without starting it and without the cache. */
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
    return this.post("/experiments", { config });
  }

  start(id: string): Promise<Experiment> {
    return this.request(`/experiments/${id}/run`, { method: "POST" });
  }

  get(id: string): Promise<Experiment> {
    return this.request(`/experiments/${id}`);
  }

  change(id: string, change: Record<string, unknown>): Promise<Experiment> {
    return this.request(`/experiments/${id}`, { method: "PATCH", headers: { "content-type": "application/json" }, body: JSON.stringify(change) });
  }

  cancel(id: string): Promise<Experiment> {
    return this.request(`/experiments/${id}/cancel`, { method: "POST" });
  }

  list(query = "limit=200"): Promise<{ items: Schemas["ExperimentSummary"][]; total: number }> {
    return this.request(`/experiments?${query}`);
  }

  async ended(id: string, withinMs = RUN_MS): Promise<Experiment> {
    await expect
      .poll(async () => (await this.get(id)).status, { timeout: withinMs, intervals: [100] })
      .toMatch(/COMPLETED|FAILED|CANCELLED/);
    return this.get(id);
  }

  /** Creates an experiment and runs it to its end. */
  async run(name: string, change: Record<string, unknown> = {}): Promise<Experiment> {
    const { id } = await this.create(name, change);
    await this.start(id);
    return this.ended(id);
  }

  runs(id: string, query = "limit=500"): Promise<{ items: Schemas["RunSummary"][]; total: number | null }> {
    return this.request(`/results/${id}/runs?${query}`);
  }

  outcomes(ids: string[], outcome: string): Promise<{ items: Schemas["ComparedExample"][]; total: number | null }> {
    const query = new URLSearchParams([...ids.map((id) => ["ids", id]), ["outcome", outcome], ["limit", "200"]]);
    return this.request(`/results/compare/examples?${query}`);
  }

  datasets(): Promise<Schemas["DatasetOut"][]> {
    return this.request("/datasets");
  }

  upload(name: string, lines: Record<string, unknown>[]): Promise<Schemas["DatasetAdded"]> {
    const form = new FormData();
    form.set("name", name);
    form.set("file", new Blob([lines.map((line) => JSON.stringify(line)).join("\n")]), `${name}.jsonl`);
    return this.request("/datasets", { method: "POST", body: form });
  }

  knowledgeBases(): Promise<Schemas["KnowledgeBaseOut"][]> {
    return this.request("/knowledge-bases");
  }

  addArticles(name: string, articles: Record<string, unknown>[]): Promise<Schemas["KnowledgeBaseAdded"]> {
    const form = new FormData();
    form.set("name", name);
    form.append("files", new Blob([articles.map((article) => JSON.stringify(article)).join("\n")]), `${name}.jsonl`);
    return this.request("/knowledge-bases", { method: "POST", body: form });
  }

  /** Builds the index of a knowledge base with the default options, and waits for it. */
  async index(name: string, withinMs: number): Promise<void> {
    const post = (what: string) => this.post<Schemas["IndexOut"]>(`/knowledge-bases/${name}/${what}`, {});
    await post("build");
    await expect.poll(async () => (await post("index")).state, { timeout: withinMs, intervals: [200] }).toMatch(/built|failed/);
    expect((await post("index")).message).toBe("");
  }

  /** Searches a knowledge base; the first search of a platform loads the models. */
  search(name: string, query: string): Promise<Schemas["SearchOut"]> {
    return this.post(`/knowledge-bases/${name}/search`, { query });
  }

  /** Makes an optimisation matrix of the mock model and runs its trials, as `llmforge bench` does; returns its id. */
  async matrix(config: Record<string, unknown>, withinMs = RUN_MS): Promise<string> {
    const { id } = await this.post<Schemas["MatrixSummary"]>("/matrices", { config });
    for (;;) {
      const { experiment } = await this.post<Schemas["NextTrialOut"]>(`/matrices/${id}/next`, {});
      if (experiment === null) return id;
      await this.ended(experiment.id, withinMs);
    }
  }

  matrices(): Promise<{ items: Schemas["MatrixSummary"][]; total: number }> {
    return this.request("/matrices");
  }

  /** Deletes all experiments, so that a test starts with an empty list. */
  async clear(): Promise<void> {
    for (const { id, status } of (await this.list()).items) {
      if (status === "RUNNING" || status === "PENDING") {
        await this.cancel(id).catch(() => undefined); // one that was never started cannot be cancelled
        await this.ended(id);
      }
      await this.request(`/experiments/${id}`, { method: "DELETE" });
    }
  }
}
