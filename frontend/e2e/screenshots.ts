import { mkdirSync } from "node:fs";
import path from "node:path";

import type { Page } from "@playwright/test";

import type { Api } from "./api";
import { expect, test } from "./fixtures";

// The documentation's pictures: npm run pictures. They are written to docs/images.

const FOLDER = path.resolve(import.meta.dirname, "../../docs/images");
const WIDTH = 1440;
const HEIGHTS = { least: 900, most: 2_000 };
const INDEX_MS = 240_000; // embeds an encyclopedia, on a busy machine

const scripted = (accuracy: number, more = "latency_ms=40&jitter_ms=160") => `mock/gold?accuracy=${accuracy}&${more}`;

interface Demo {
  ids: string[];
  /** The experiment with retrieval, and a run of it that misread its passages. */
  retrieving: { id: string; run: number };
  matrix: string;
}

/** A matrix of three methods; a machine that is busy with other things makes its intervals wide. */
const WAYS = {
  name: "Optimisation",
  description: "What is it worth to send calls in batches or side by side, and to use a cache?",
  baseline: "sequential",
  rounds: 3,
  base: { model: scripted(0.62, "latency_ms=30&jitter_ms=20"), dataset: { name: "trivia_qa", n: 40 }, seed: 42 },
  methods: [
    { name: "naive", method: { name: "naive" } },
    { name: "CoT", method: { name: "cot", shots: 2 }, model: scripted(0.78, "latency_ms=60&jitter_ms=60") },
    { name: "few words", method: { name: "naive", template: "Answer in a few words.\n\nQuestion: {question}" }, model: scripted(0.7, "latency_ms=20&jitter_ms=10") },
  ],
  optimisations: [
    { name: "sequential", execution: { mode: "sequential" } },
    ...[4, 8, 16].map((size) => ({ name: `batched ${size}`, execution: { mode: "batched", batch_size: size }, concurrency: size })),
    { name: "concurrent 8", concurrency: 8 },
    { name: "cache cold", concurrency: 8, cache: "cold" },
    { name: "cache warm", concurrency: 8, cache: "warm" },
    { name: "by prefix", execution: { mode: "sequential", schedule: "by_prefix", prefix_cache: true } },
  ],
};

/** Experiments to compare, one with retrieval, and a matrix. */
async function seed(api: Api): Promise<Demo> {
  const dataset = { name: "trivia_qa", n: 100 };
  const ids: string[] = [];
  for (const [name, model, change] of [
    ["Baseline: the bare question", scripted(0.52), { description: "What the model answers with nothing but the question." }],
    ["Short answers only", scripted(0.61), { method: { name: "naive", template: "Answer in a few words.\n\nQuestion: {question}\nAnswer:" } }],
    ["Larger model", scripted(0.78, "latency_ms=180&jitter_ms=260"), { description: "The same questions, four times as slow." }],
  ] as const) {
    ids.push((await api.run(name, { model, dataset, concurrency: 32, ...change })).id);
  }
  const matrix = await api.matrix(WAYS);
  await api.index("encyclopedia", INDEX_MS);
  const looked = await api.create("RAG over the encyclopedia", {
    model: scripted(0.72),
    method: { name: "rag", top_k: 3 },
    dataset: { name: "hotpot_qa", n: 60 },
    description: "Questions that need two articles, with three passages in each prompt.",
  });
  await api.start(looked.id);
  await api.ended(looked.id, INDEX_MS);
  const { items } = await api.runs(looked.id, "filter=wrong");
  const misread = items.find(({ scores }) => scores.answer_in_context?.value === 1);
  return { ids, retrieving: { id: looked.id, run: misread?.id ?? 0 }, matrix };
}

const pages: { name: string; path: (demo: Demo) => string; shown: (page: Page) => Promise<void> }[] = [
  {
    name: "new-experiment",
    path: () => "/experiments/new/?model=mock/echo",
    shown: async (page) => {
      await expect(page.getByText(/^As sent, user/)).toBeVisible();
      await expect(page.getByText("ready", { exact: true })).toBeVisible();
    },
  },
  {
    name: "retrieval",
    path: ({ retrieving: { id, run } }) => `/experiments/view/?id=${id}&run=${run}&full=true`,
    shown: (page) => expect(page.getByRole("region", { name: "Retrieved" }).getByRole("article").first()).toBeVisible(),
  },
  {
    name: "compare",
    path: ({ ids }) => `/compare/?ids=${ids.join(",")}`,
    shown: async (page) => {
      await expect(page.getByRole("table", { name: "Metrics side by side" })).toBeVisible();
      await expect(page.getByText("expected").first()).toBeVisible();
    },
  },
  {
    name: "knowledge",
    path: () => "/knowledge/?name=encyclopedia&q=To+which+town+did+the+victor+of+Zama+retire%3F",
    shown: (page) => expect(page.getByRole("region", { name: "Hybrid" }).getByRole("article").first()).toBeVisible({ timeout: 60_000 }),
  },
  {
    name: "optimise",
    path: ({ matrix }) => `/optimise/?id=${matrix}`,
    shown: (page) => expect(page.getByRole("table", { name: "Cells" })).toBeVisible(),
  },
];

test("pictures of the pages", async ({ page, api }) => {
  test.setTimeout(2 * INDEX_MS);
  mkdirSync(FOLDER, { recursive: true });
  const demo = await seed(api);
  for (const { name, path: place, shown } of pages) {
    await page.setViewportSize({ width: WIDTH, height: HEIGHTS.least });
    await page.goto(place(demo));
    await shown(page);
    // As high as the page, up to a limit, so that sticky elements stay in place.
    const whole = await page.evaluate(() => document.documentElement.scrollHeight);
    await page.setViewportSize({ width: WIDTH, height: Math.min(HEIGHTS.most, Math.max(HEIGHTS.least, whole)) });
    await shown(page);
    await page.evaluate(() => document.fonts.ready);
    await page.screenshot({ path: path.join(FOLDER, `${name}-${WIDTH}.png`), animations: "disabled" });
  }
});

const samples = ["colours", "type", "spacing", "controls", "focus", "table", "numbers", "states", "empty", "loading", "error", "notices"];

test("pictures of the design system", async ({ page }) => {
  await page.setViewportSize({ width: 1100, height: 900 });
  await page.goto("/design/");
  await page.evaluate(() => document.fonts.ready);
  for (const sample of samples) {
    await page.locator(`#${sample}`).screenshot({ path: path.join(FOLDER, `design-${sample}.png`), animations: "disabled" });
  }
});
