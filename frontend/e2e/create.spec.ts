import { readFile } from "node:fs/promises";

import type { Locator, Page } from "@playwright/test";

import { expect, test } from "./fixtures";

const N = 40;

const grid = (page: Page) => page.getByRole("application", { name: /runs by/ });
const detail = (page: Page) => page.getByRole("region", { name: "Run", exact: true });
const valueNow = async (bar: Locator) => Number(await bar.getAttribute("aria-valuenow"));

test.describe.configure({ mode: "serial" });

let view = "";
let id = "";

test("an experiment created in the form is listed, runs, and shows its progress without a reload", async ({ page, problems }) => {
  await page.goto("/experiments/new/?model=mock/gold");
  await page.getByLabel("Name", { exact: true }).fill("Made in the form");
  await page.getByLabel("Number of questions").fill(String(N));
  await page.getByLabel("Model", { exact: true }).selectOption({ label: "Another, by its name…" });
  await page.getByLabel("Name of the model").fill("mock/gold?accuracy=0.7&latency_ms=200");
  await page.getByRole("button", { name: /^Advanced settings/ }).click();
  await page.getByLabel("Concurrency").fill("2"); // 40 calls of 0.2 s, two at once: 4 seconds
  await expect(page.getByText(/^As sent, user/)).toBeVisible();
  await page.getByRole("button", { name: "Create and run" }).click();

  await expect(page).toHaveURL(/\/experiments\/view\/\?id=[0-9a-f-]{36}$/);
  await expect(page.getByRole("heading", { name: "Made in the form", level: 1 })).toBeVisible();
  await expect(page).toHaveTitle(/^(\d+ % )?Made in the form · LlmForge$/);
  view = page.url();
  id = new URL(view).searchParams.get("id") ?? "";

  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Experiments" }).click();
  const listed = page.getByRole("table", { name: "Experiments" }).getByRole("link", { name: "Made in the form" });
  await expect(listed).toBeVisible({ timeout: 2_000 });
  await listed.click();

  const bar = page.getByRole("progressbar", { name: "Progress", exact: true });
  await expect.poll(() => valueNow(bar), { intervals: [50] }).toBeGreaterThan(0);
  const before = await valueNow(bar);
  await expect.poll(() => valueNow(bar), { intervals: [50] }).toBeGreaterThan(before);
  await expect(bar).toHaveAttribute("aria-valuemax", String(N));

  await expect(page.getByRole("main").getByText("Completed", { exact: true })).toBeVisible({ timeout: 15_000 });
  await expect(bar).toHaveCount(0);
  expect(problems).toEqual([]);
});

test("what was entered in the form is still there after a look at another page", async ({ page }) => {
  await page.goto("/experiments/new/");
  await expect(page.getByLabel("Dataset", { exact: true })).toHaveValue("trivia_qa");
  await page.getByLabel("Number of questions").fill("17");
  const pages = page.getByRole("navigation", { name: "Main" });
  await pages.getByRole("link", { name: "Datasets" }).click();
  await expect(page.getByRole("heading", { name: "Datasets", level: 1 })).toBeVisible();
  await page.goBack();
  await expect(page.getByLabel("Number of questions")).toHaveValue("17");
  await page.getByRole("button", { name: "Start anew" }).click();
  await expect(page.getByLabel("Number of questions")).toHaveValue("100");
});

test("its metrics, and each wrong answer with its prompt, are shown", async ({ page, api, problems }) => {
  const { items } = await api.runs(id);
  const wrong = items.filter((run) => run.scores.exact_match?.value === 0);
  expect(wrong.length).toBeGreaterThan(2);
  await page.goto(view);

  // Metric cards: the share of right answers that the runs have, with the interval beside it.
  const right = (((N - wrong.length) / N) * 100).toFixed(1);
  await expect(page.getByRole("definition").filter({ hasText: `${right} %` }).first()).toContainText(`n = ${N}`);
  await expect(page.getByText("Latency p50", { exact: true })).toBeVisible();
  await expect(page.getByText("Throughput", { exact: true })).toBeVisible();
  await expect(page.getByRole("button", { name: new RegExp(`^Wrong ${wrong.length}$`) })).toBeVisible();

  // By keyboard: from the first one that is not right to the next.
  await expect(detail(page)).toContainText("✗ Wrong");
  const question = detail(page).getByRole("paragraph").first();
  const first = await question.innerText();
  await grid(page).focus();
  await page.keyboard.press("n");
  await expect(question).not.toHaveText(first);
  await expect(detail(page)).toContainText("✗ Wrong");
  await expect(page).toHaveURL(/[?&]run=\d+/);
  await page.keyboard.press("p");
  await expect(question).toHaveText(first);

  // By mouse: on the cell of the last wrong run, whose place follows from the grid's order.
  await page.keyboard.press("End");
  await page.keyboard.press("p");
  await expect(page.getByRole("status").filter({ hasText: /^Run \d+ of 40: (wrong)$/ })).toHaveCount(1);
  const said = await page.getByRole("status").filter({ hasText: /^Run \d+ of 40/ }).innerText();
  const index = Number(/\d+/.exec(said)?.[0]) - 1;
  // The address follows the cursor, and the panel follows the address: read again until both name one run.
  await expect(async () => {
    const run = new URL(page.url()).searchParams.get("run");
    await expect(page.locator(`[data-run="${run}"]`)).toBeVisible({ timeout: 500 });
  }).toPass();
  const last = await question.innerText();
  await page.keyboard.press("Home");
  await expect(question).not.toHaveText(last);
  const pitch = 20; // 18 pixels a cell and 2 between, for 150 cells or fewer
  const width = (await grid(page).locator("canvas").boundingBox())?.width ?? 0;
  const columns = Math.floor(width / pitch);
  await grid(page).locator("canvas").click({
    position: { x: (index % columns) * pitch + 9, y: Math.floor(index / columns) * pitch + 9 },
  });
  await expect(question).toHaveText(last);

  // Question, prompt as sent, raw output, accepted answers, scores with their reasons.
  const run = detail(page);
  await expect(run.getByText("Accepted", { exact: true })).toBeVisible();
  await expect(run.getByRole("figure", { name: /^Prompt as sent, user/ }).locator("pre")).toHaveText(`Question: ${last}\nAnswer:`);
  const output = run.getByRole("figure", { name: /^Raw output/ }).locator("pre");
  await expect(output).toHaveText(/^A[0-9a-f]{8}$/); // what the mock answers when it is wrong
  await expect(run.getByRole("row", { name: /^Exact match 0/ })).toBeVisible();
  await expect(run.getByRole("row", { name: /^F1 0/ })).toBeVisible();

  // The run is in the address, so that a shared link shows the same.
  await page.reload();
  await expect(question).toHaveText(last);
  expect(problems).toEqual([]);
});

test("all runs can be downloaded", async ({ page }) => {
  await page.goto(view);
  const download = async (item: string) => {
    await page.getByRole("button", { name: "Export" }).click();
    const arrives = page.waitForEvent("download");
    await page.getByRole("menuitem", { name: item, exact: true }).click();
    const file = await arrives;
    return { name: file.suggestedFilename(), text: await readFile(await file.path(), "utf8") };
  };

  const lines = await download("JSONL, one run per line");
  expect(lines.name).toBe(`experiment-${id}.jsonl`);
  const parsed = lines.text.trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(parsed).toHaveLength(N);
  expect(Object.keys(parsed[0] ?? {})).toEqual(expect.arrayContaining(["question", "gold", "answer", "output", "scores", "calls"]));

  const whole = await download("JSON");
  expect(whole.name).toBe(`experiment-${id}.json`);
  expect(JSON.parse(whole.text)).toHaveLength(N);

  const table = await download("CSV");
  expect(table.name).toBe(`experiment-${id}.csv`);
  const [header = ""] = table.text.split("\n");
  expect(header).toContain("question");
  expect(table.text).toContain(String(parsed[N - 1]?.content_hash));
});
