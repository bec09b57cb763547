import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import type { AxeResults } from "axe-core";
import type { Page } from "@playwright/test";

import { expect, test } from "./fixtures";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const BASE = "page_articles";
const MODELS_MS = 90_000; // starts a process and loads the models, on a busy machine

const PHONE = { width: 375, height: 812 };
const DESK = { width: 1440, height: 900 };

/** The serious and critical violations that axe finds. axe is evaluated, as the page's policy forbids other scripts. */
async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate<AxeResults>("axe.run(document, { resultTypes: ['violations'] })");
  expect(passes.length).toBeGreaterThan(10); // axe has run
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target.join(" ")} ${failureSummary ?? ""}`));
}

async function expectNoOverflow(page: Page): Promise<void> {
  const { scrollWidth, clientWidth } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return { scrollWidth, clientWidth };
  });
  expect(scrollWidth, "the page is wider than the window").toBeLessThanOrEqual(clientWidth);
}

/** The text of the page without times, which change by themselves. */
async function content(page: Page): Promise<string> {
  const text = await page.getByRole("main").innerText();
  return text.replaceAll(/just now|yesterday|\d+ (min|h|days) ago|(< )?\d+(\.\d+)? (ms|s|kB|MB)\b/g, "…").replaceAll(/\s+/g, " ");
}

/** What a page says when its last part has arrived: the same text twice, half a second apart. */
async function settledContent(page: Page): Promise<string> {
  let text = "";
  await expect.poll(async () => text === (text = await content(page)), { intervals: [500] }).toBe(true);
  return text;
}

/** All pages, each with a check that its data is shown. */
const places: { name: string; path: () => string; shown: (page: Page) => Promise<void> }[] = [
  {
    name: "overview",
    path: () => "/",
    shown: async (page) => {
      await expect(page.getByRole("table", { name: "Experiments" }).getByRole("link", { name: "Linked A" })).toBeVisible();
      await expect(page.getByText("Models ready")).toBeVisible();
      await expect(page.getByText(/^Version /)).toBeVisible();
    },
  },
  {
    name: "experiments",
    path: () => "/experiments/?text=linked&sort=name",
    shown: async (page) => {
      await expect(page.getByRole("link", { name: "Linked A" })).toBeVisible();
      await expect(page.getByRole("option", { name: "trivia_qa" })).toBeAttached(); // the filters' choices come by a request of their own
    },
  },
  {
    name: "new experiment",
    path: () => "/experiments/new/?model=mock/gold",
    shown: async (page) => {
      await expect(page.getByText(/^As sent, user/)).toBeVisible();
      await expect(page.getByText("ready", { exact: true })).toBeVisible();
    },
  },
  {
    name: "experiment",
    path: () => `/experiments/view/?id=${ids[0]}&run=${run}&filter=wrong`,
    shown: async (page) => {
      await expect(page.getByRole("region", { name: "Run", exact: true })).toContainText("Accepted");
      await expect(page.locator(`[data-run="${run}"]`)).toBeVisible();
      await expect(page.getByRole("region", { name: "Slowest" }).getByRole("button").first()).toBeVisible();
    },
  },
  {
    name: "compare",
    path: () => `/compare/?ids=${ids.join(",")}&outcome=all`,
    shown: async (page) => {
      await expect(page.getByRole("table", { name: "Metrics side by side" })).toBeVisible();
      await expect(page.getByText("expected").first()).toBeVisible();
      await expect(page.getByRole("link", { name: "Linked B" }).first()).toBeVisible();
    },
  },
  {
    name: "matrices",
    path: () => "/optimise/",
    shown: (page) => expect(page.getByRole("table", { name: "Matrices" }).getByRole("link", { name: "Ways" })).toBeVisible(),
  },
  {
    name: "matrix",
    path: () => `/optimise/?id=${matrix}`,
    shown: async (page) => {
      await expect(page.getByRole("img", { name: /^naive, sequential: the baseline/ })).toBeVisible();
      await expect(page.getByRole("table", { name: "Cells" })).toContainText("side by side");
    },
  },
  {
    name: "datasets",
    path: () => "/datasets/",
    shown: (page) => expect(page.getByRole("link", { name: "trivia_qa" })).toBeVisible(),
  },
  {
    name: "dataset",
    path: () => `/datasets/?name=trivia_qa&version=${version}`,
    shown: (page) => expect(page.getByText(/^50 of [\d,]+ shown$/)).toBeVisible(),
  },
  {
    name: "knowledge",
    path: () => "/knowledge/",
    shown: (page) => expect(page.getByRole("link", { name: "encyclopedia" })).toBeVisible(),
  },
  {
    name: "knowledge base",
    path: () => `/knowledge/?name=${BASE}&q=Which+of+the+rivers+is+long`,
    shown: async (page) => {
      await expect(page.getByText(/^2 of 2 shown$/)).toBeVisible();
      await expect(page.getByRole("region", { name: "Hybrid" }).getByRole("article").first()).toBeVisible();
      await expect(page.getByRole("region", { name: "Reranked" })).toBeVisible();
    },
  },
  {
    name: "experiment that retrieved",
    path: () => `/experiments/view/?id=${retrieving}`,
    shown: async (page) => {
      await expect(page.getByRole("region", { name: "Retrieved" }).getByRole("article").first()).toBeVisible();
      await expect(page.getByRole("heading", { name: "Answer attribution" })).toBeVisible();
      await expect(page.getByRole("region", { name: "Slowest" }).getByRole("button").first()).toBeVisible();
    },
  },
  {
    name: "new experiment that retrieves",
    path: () => `/experiments/new/?model=mock/hash&knowledge=${BASE}`,
    shown: async (page) => {
      await expect(page.getByLabel("Knowledge base", { exact: true })).toHaveValue(BASE);
      await expect(page.getByText(/^As sent, user/)).toBeVisible();
      await expect(page.getByText("ready", { exact: true })).toBeVisible();
    },
  },
  {
    name: "models",
    path: () => "/models/",
    shown: (page) => expect(page.getByText("local/smollm2-135m-instruct").first()).toBeVisible(),
  },
];

let ids: string[] = [];
let matrix = "";
let run = 0;
let version = "";
let retrieving = "";

test.beforeAll(async ({ api }) => {
  test.setTimeout(3 * MODELS_MS);
  const dataset = { name: "trivia_qa", n: 30 };
  for (const accuracy of [0.8, 0.4]) {
    const name = `Linked ${accuracy > 0.5 ? "A" : "B"}`;
    const { id } = await api.run(name, { model: `mock/gold?accuracy=${accuracy}&latency_ms=5&jitter_ms=30`, dataset });
    ids.push(id);
  }
  run = (await api.runs(ids[0] ?? "", "filter=wrong")).items.at(-1)?.id ?? 0;
  await api.addArticles(BASE, [
    { id: "nile", title: "Nile", text: "The Nile is a very long river in Africa. ".repeat(12) },
    { id: "etna", title: "Etna", text: "Etna is a volcano on Sicily." },
  ]);
  await api.index(BASE, MODELS_MS);
  await api.search(BASE, "Which of the rivers is long?");
  const looked = await api.create("Linked C", { model: "mock/hash", method: { name: "rag", knowledge_base: BASE }, dataset: { name: "trivia_qa", n: 5 } });
  await api.start(looked.id);
  retrieving = (await api.ended(looked.id, MODELS_MS)).id;
  matrix = await api.matrix({
    name: "Ways",
    baseline: "sequential",
    rounds: 2,
    base: { model: "mock/gold?accuracy=0.7&latency_ms=10", dataset: { name: "trivia_qa", n: 5 } },
    methods: [{ name: "naive", method: { name: "naive" } }],
    optimisations: [
      { name: "sequential", execution: { mode: "sequential" } },
      { name: "side by side", concurrency: 4 },
    ],
  });
  version = (await api.datasets()).find(({ name }) => name === "trivia_qa")?.version ?? "";
});
test.afterAll(() => {
  ids = [];
});

for (const { name, path, shown } of places) {
  test(`${name}: the same after a reload, no overflow, and accessible`, async ({ page, problems }) => {
    await page.setViewportSize(PHONE);
    await page.goto(path());
    await shown(page);
    const before = await settledContent(page);
    await page.reload();
    await shown(page);
    await expect.poll(() => content(page)).toBe(before);
    await expectNoOverflow(page);
    expect.soft(await violationsOf(page), `on a telephone`).toEqual([]);

    await page.setViewportSize(DESK);
    await shown(page);
    await expectNoOverflow(page);
    expect.soft(await violationsOf(page), `on a desk`).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
    expect.soft(await violationsOf(page), `in the dark`).toEqual([]);
    expect(problems).toEqual([]);
  });
}

test("the keyboard alone reaches the content, the places and the grid", async ({ page }) => {
  await page.goto(`/experiments/view/?id=${ids[0]}`);
  const grid = page.getByRole("application", { name: /runs by/ });
  await expect(grid).toBeVisible();
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "Skip to the content" });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/#main$/);

  // From there the next stop is inside the content, and the grid is one single stop.
  const focusIs = (selector: string) => page.evaluate((inside) => document.activeElement?.matches(inside) ?? false, selector);
  await page.keyboard.press("Tab");
  expect(await focusIs("main *")).toBe(true);
  for (let stops = 0; stops < 60 && !(await focusIs("[role=application]")); stops++) await page.keyboard.press("Tab");
  await expect(grid).toBeFocused();
  await page.keyboard.press("Home");
  await expect(page.getByText("Run 1 of 30", { exact: true })).toBeVisible();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByText("Run 2 of 30", { exact: true })).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(grid).not.toBeFocused();

  const nav = page.getByRole("navigation", { name: "Main" });
  await page.goto(`/experiments/view/?id=${ids[1]}`);
  await expect(grid).toBeVisible();
  for (let stops = 0; stops < 5; stops++) await page.keyboard.press("Tab");
  await expect(nav.getByRole("link", { name: "Compare" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Compare", level: 1 })).toBeVisible();
});
