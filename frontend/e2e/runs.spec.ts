import type { Page } from "@playwright/test";

import { expect, test } from "./fixtures";

const MEGABYTES = 2;
const LONG = "A line of a long answer.\n".repeat((MEGABYTES * 1_000_000) / 25);
const TEXT_MOST = 60_000; // characters on the page of a run, whatever the model wrote
const OPENS_MS = 10_000; // on a busy machine; 0.3 s on an idle one

const rows = (page: Page) => page.locator("section", { has: page.getByRole("heading", { name: "Runs", exact: true }) }).getByRole("listitem");
const shown = (page: Page) => page.evaluate(() => document.body.innerText.length);

test("an answer of megabytes opens folded, and is shown whole when it is asked for", async ({ page, api, problems }) => {
  await api.upload("long_answers", [
    { question: "What is long?", answer: LONG },
    { question: "ما هو الجواب؟", answer: "جواب" },
  ]);
  const { id } = await api.run("Long answers", { model: "mock/gold", dataset: { name: "long_answers" } });
  const items = (await api.runs(id)).items;
  expect(JSON.stringify(items).length).toBeLessThan(10_000);
  const long = items.find(({ question }) => question === "What is long?");

  await page.goto(`/experiments/view/?id=${id}&run=${long?.id ?? 0}`);
  const output = page.getByRole("figure", { name: /^Raw output/ });
  await expect(output.getByText(/^2\.0 MB: the first 4,000 of/)).toBeVisible({ timeout: OPENS_MS });
  expect(await shown(page)).toBeLessThan(TEXT_MOST);
  await output.getByRole("button", { name: "Show all" }).click();
  await expect(output.getByText(/^2\.0 MB, /)).toBeVisible();
  await expect.poll(async () => (await output.locator("pre").textContent())?.length).toBeGreaterThan(1_990_000);
  await output.getByRole("button", { name: "Show less" }).click();
  expect(await shown(page)).toBeLessThan(TEXT_MOST);

  // The direction of a text is that of its script.
  const directions = await rows(page).evaluateAll((lines) => lines.map((line) => getComputedStyle(line.querySelector("[dir=auto]") ?? line).direction));
  expect(directions.sort()).toEqual(["ltr", "rtl"]);
  expect(problems).toEqual([]);
});

test("runs are found by text, sorted, and filtered by kind of question; one fills the page", async ({ page, api, problems }) => {
  const { id } = await api.run("Searched", { dataset: { name: "trivia_qa", n: 60 } });
  const wrong = (await api.runs(id, "filter=wrong&limit=500")).items;
  await page.goto(`/experiments/view/?id=${id}`);
  await expect(page.getByText("60 runs", { exact: true })).toBeVisible();

  const [one] = wrong;
  const word = one?.question.split(" ").sort((a, b) => b.length - a.length)[0]?.replace(/\W/g, "") ?? "";
  const found = (await api.runs(id, `text=${encodeURIComponent(word)}`)).total;
  await page.getByRole("searchbox", { name: "Search the runs" }).fill(word);
  await expect(rows(page)).toHaveCount(found ?? 0);
  await expect(page).toHaveURL(/[?&]q=/);
  await page.getByRole("button", { name: "Clear", exact: true }).click();

  const slowest = (await api.runs(id, "sort=-latency_ms&limit=1")).items[0];
  await page.getByLabel("Order").selectOption({ label: "Slowest first" });
  await expect(rows(page).first()).toContainText(slowest?.question.slice(0, 40) ?? "");

  const slices = page.getByRole("table", { name: "Score by difficulty" });
  await slices.getByRole("button", { name: "hard" }).click();
  await expect(page).toHaveURL(/slice=difficulty(=|%3D)hard/);
  const hard = (await api.runs(id, "slice=difficulty%3Dhard")).total ?? 0;
  await expect(rows(page)).toHaveCount(Math.min(hard, await rows(page).count()));
  await expect(page.getByText(`${hard} runs`, { exact: true })).toBeVisible();

  await page.getByRole("group", { name: "Show only" }).getByRole("button", { name: /^Wrong/ }).click();
  await expect(page).toHaveURL(/filter=wrong/);
  await expect(rows(page).first()).toContainText("✗ Wrong");
  await rows(page).first().getByRole("button").click();
  await page.getByRole("button", { name: "Full page" }).click();
  await expect(rows(page)).toHaveCount(0);
  await expect(page.getByRole("region", { name: "Run", exact: true })).toContainText("✗ Wrong");
  await page.getByRole("button", { name: "Back to all runs" }).click();
  await expect(rows(page).first()).toBeVisible();
  expect(problems).toEqual([]);
});

test("a link can be copied over plain HTTP, where the browser has no clipboard", async ({ page, api }) => {
  const ids = [await api.run("Shared A", { dataset: { name: "trivia_qa", n: 5 } }), await api.run("Shared B", { dataset: { name: "trivia_qa", n: 5 } })].map(({ id }) => id);
  await page.addInitScript(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
  const thrown: string[] = [];
  page.on("pageerror", (error) => thrown.push(error.message));
  await page.goto(`/compare/?ids=${ids.join(",")}`);
  await page.getByRole("button", { name: "Copy link" }).click();
  await expect(page.getByText("Link copied")).toBeVisible();
  expect(thrown).toEqual([]);
});

test("experiments without a common question are not compared question by question; others are found by name", async ({ page, api }) => {
  const trivia = await api.run("Apart: trivia", { dataset: { name: "trivia_qa", n: 5 } });
  const sums = await api.run("Apart: arithmetic", { dataset: { name: "gsm8k", n: 5 } });
  const third = await api.run("Found by its name", { dataset: { name: "trivia_qa", n: 5 }, params: { temperature: 0.5 } });
  await page.goto(`/compare/?ids=${trivia.id},${sums.id}`);
  await expect(page.getByText("No question is shared with the baseline")).toBeVisible();
  await expect(page.getByRole("img", { name: /Pareto/ })).toHaveCount(0);
  await expect(page.getByRole("heading", { name: "Question by question" })).toHaveCount(0);

  await page.getByRole("button", { name: "Remove Apart: arithmetic" }).click();
  const field = page.getByRole("combobox", { name: "Add an experiment" });
  await field.fill("found by");
  await expect(page.getByRole("option")).toHaveText([/Found by its name/]);
  await field.press("Enter");
  await expect(page).toHaveURL(new RegExp(third.id));
  await expect(page.getByRole("region", { name: "Configuration" })).toContainText("temperature: 0.5");
  await expect(page.getByRole("region", { name: "Prompt as sent" })).toContainText("Equal for A and B");
});
