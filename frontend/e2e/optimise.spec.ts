import { readFileSync } from "node:fs";

import type { Page } from "@playwright/test";

import { expect, test } from "./fixtures";

const CONFIG = {
  name: "Two methods",
  baseline: "sequential",
  rounds: 2,
  base: { model: "mock/gold?accuracy=0.7&latency_ms=15", dataset: { name: "trivia_qa", n: 12 }, seed: 1 },
  methods: [
    { name: "naive", method: { name: "naive" } },
    { name: "broken", method: { name: "naive" }, model: "mock/hash?fail_rate=1&fail_kind=refused" },
  ],
  optimisations: [
    { name: "sequential", execution: { mode: "sequential" } },
    { name: "batched 4", execution: { mode: "batched", batch_size: 4 }, concurrency: 4 },
    { name: "concurrent 8", concurrency: 8 },
    { name: "cold", concurrency: 8, cache: "cold" },
    { name: "warm", concurrency: 8, cache: "warm" },
  ],
};

let id = "";

test.beforeAll(async ({ api }) => {
  test.setTimeout(120_000); // twenty trials
  id = await api.matrix(CONFIG);
});

const chart = (page: Page, title: string) => page.locator("section", { has: page.getByRole("heading", { name: title, exact: true }) });

test("without a matrix the page tells the command that makes one", async ({ page, problems }) => {
  await page.route("**/api/v1/matrices?*", (route) => route.fulfill({ json: { items: [], total: 0, offset: 0, limit: 100 } }));
  await page.goto("/optimise/");
  await expect(page.getByText("No matrix yet")).toBeVisible();
  await expect(page.getByText("llmforge bench configs/experiments/optimisation.yaml")).toBeVisible();
  expect(problems).toEqual([]);
});

test("from the list to a matrix: ratios, what failed with its reason, and each trial as an experiment", async ({ page, problems }) => {
  await page.goto("/");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Optimise" }).click();
  await expect(page.getByRole("heading", { name: "Optimise", level: 1 })).toBeVisible(); // and no longer the overview's table
  const row = page.getByRole("row").filter({ hasText: "Two methods" });
  await expect(row).toContainText("20 of 20, 10 failed");
  await row.getByRole("link", { name: "Two methods" }).click();
  await expect(page).toHaveURL(new RegExp(`id=${id}`));

  const heat = chart(page, "Speed").getByRole("img");
  await expect(heat).toHaveAccessibleName(/naive, batched 4: [\d.]+× \[[\d.]+, [\d,.]+\], (faster|cannot be told from the baseline)\./);
  await expect(heat).toHaveAccessibleName(/broken, concurrent 8: failed\. \d+ of \d+ runs failed/);
  await expect(page.getByRole("list", { name: "Warnings" })).toContainText("10 of 20 trials failed");

  const cells = page.getByRole("table", { name: "Cells" });
  const warm = cells.getByRole("row").filter({ hasText: "naive, warm" });
  await expect(warm).toContainText("100.0 %");
  await expect(cells.getByRole("row").filter({ hasText: "broken, warm" })).toContainText("did not complete");
  await warm.getByRole("link", { name: "Round 2 of naive, warm: completed" }).click();
  await expect(page.getByRole("heading", { name: "Two methods: naive, warm, round 2", level: 1 })).toBeVisible();
  await page.goBack();
  await expect(heat).toBeVisible();
  expect(problems).toEqual([]);
});

test("each chart is saved as it is drawn, without the page’s fonts", async ({ page, problems }) => {
  await page.goto(`/optimise/?id=${id}`);
  for (const title of ["Speed", "Load", "Score against speed and cost", "Where the time goes", "Cold and warm cache"]) {
    for (const kind of ["SVG", "PNG"]) {
      await page.getByRole("button", { name: `Save ${title} as an image` }).click();
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: kind }).click()]);
      expect(download.suggestedFilename()).toMatch(new RegExp(`^Two methods .*\\.${kind.toLowerCase()}$`));
      const content = readFileSync(await download.path());
      if (kind === "PNG") {
        expect(content.subarray(1, 4).toString()).toBe("PNG");
        expect(content.length).toBeGreaterThan(2_000);
      } else {
        const svg = content.toString();
        expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
        expect(svg).not.toContain("class=");
        expect(svg).not.toContain("Inter Variable");
        expect(svg).toMatch(/fill="(rgb|oklab|color)\(/);
      }
    }
  }
  expect(problems).toEqual([]);
});

test("figures can be saved, and a matrix that does not exist is said so", async ({ page }) => {
  await page.goto(`/optimise/?id=${id}`);
  await page.getByRole("button", { name: "Export", exact: true }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "Markdown" }).click()]);
  const text = readFileSync(await download.path()).toString();
  expect(text).toContain("## Two methods: mock/gold");
  expect(text).toContain("| sequential | baseline |");

  await page.goto("/optimise/?id=00000000-0000-4000-8000-000000000000");
  await expect(page.getByRole("alert").filter({ hasText: "Could not load the matrix" })).toContainText("There is no matrix");
});
