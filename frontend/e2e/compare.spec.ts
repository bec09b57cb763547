import type { Page } from "@playwright/test";

import type { Experiment } from "./api";
import { expect, test } from "./fixtures";

const dataset = { name: "trivia_qa", n: 60 };

const metrics = (page: Page) => page.getByRole("table", { name: "Metrics side by side" });
const score = (page: Page) => metrics(page).getByRole("row", { name: /^Exact match/ });

let ids: string[] = [];

test.beforeAll(async ({ api }) => {
  const made: Experiment[] = [];
  for (const [name, model] of [
    ["Often right", "mock/gold?accuracy=0.9"],
    ["Seldom right", "mock/gold?accuracy=0.3"],
  ]) {
    made.push(await api.run(name ?? "", { model, dataset }));
  }
  ids = made.map(({ id }) => id);
});

test("metrics stand side by side, with the sign of each difference, and either may be the baseline", async ({ page, problems }) => {
  await page.goto(`/compare/?ids=${ids.join(",")}`);
  await expect(metrics(page).getByRole("columnheader")).toHaveText(["Metric", /^A\s*Often right$/, /^B\s*Seldom right$/]);
  const cells = score(page).getByRole("cell");
  await expect(cells.nth(0)).toHaveText(/^\d+\.\d %\[/); // the baseline has no difference
  await expect(cells.nth(1)).toHaveText(/−\d+\.\d worse/);
  const points = /−(\d+\.\d)/.exec(await cells.nth(1).innerText())?.[1] ?? "";
  await expect(metrics(page).getByRole("row", { name: /^Failed runs/ }).getByRole("cell").nth(1)).toContainText("±0 the same");

  await page.getByRole("button", { name: "Make baseline" }).click();
  await expect(page).toHaveURL(new RegExp(`ids=${ids[1]}(,|%2C)${ids[0]}`));
  await expect(metrics(page).getByRole("columnheader")).toHaveText(["Metric", /^A\s*Seldom right$/, /^B\s*Often right$/]);
  await expect(cells.nth(1)).toContainText(`+${points} better`);
  await page.goBack();
  await expect(cells.nth(1)).toContainText(`−${points} worse`);
  expect(problems).toEqual([]);
});

test("an outcome filters the questions below, which open to both outputs", async ({ page, api, problems }) => {
  await page.goto(`/compare/?ids=${ids.join(",")}`);
  const panel = page.locator("section", { has: page.getByRole("heading", { name: "Question by question" }) });
  const outcomes = page.getByRole("group", { name: "Outcomes of the pair" });
  for (const [label, outcome] of [
    ["Only A right", "only_first"],
    ["Both wrong", "neither"],
    ["Both right", "both"],
  ] as const) {
    const { total, items } = await api.outcomes(ids, outcome);
    await expect(outcomes.getByRole("button", { name: label })).toHaveText(`${label}${total}`);
    await outcomes.getByRole("button", { name: label }).click();
    await expect(outcomes.getByRole("button", { name: label })).toHaveAttribute("aria-pressed", "true");
    await expect(page).toHaveURL(new RegExp(`outcome=${outcome}`));
    await expect(panel).toContainText(total === 1 ? "1 question" : `${total} questions`);
    if (items[0]) await expect(panel.getByRole("listitem").first()).toContainText(items[0].question);
  }

  await outcomes.getByRole("button", { name: "Only A right" }).click();
  const [item] = (await api.outcomes(ids, "only_first")).items;
  const row = panel.getByRole("listitem").first();
  await expect(row).toContainText(item?.question ?? "");
  await expect(row).toContainText("✓ Right");
  await expect(row).toContainText("✗ Wrong");
  await row.getByRole("button", { expanded: false }).click();
  await expect(row.getByRole("figure", { name: /^A: raw output/ }).locator("pre")).toHaveText(item?.runs[0]?.output ?? "");
  await expect(row.getByRole("figure", { name: /^B: raw output/ }).locator("pre")).toHaveText(/^A[0-9a-f]{8}$/);
  await row.getByRole("link", { name: "Open the run with its prompt" }).last().click();
  await expect(page).toHaveURL(new RegExp(`/experiments/view/\\?id=${ids[1]}&run=\\d+`));
  await expect(page.getByRole("region", { name: "Run", exact: true })).toContainText(item?.question ?? "");
  expect(problems).toEqual([]);
});

test("the verdict has the difference with interval and p, and can be exported", async ({ page, problems }) => {
  await page.goto(`/compare/?ids=${ids.join(",")}`);
  const verdict = page.locator("section", { has: page.getByRole("heading", { name: "Verdict" }) });
  await expect(verdict).toContainText(/Often right is better than Seldom right by \d+\.\d points \[\d+\.\d, \d+\.\d\], p < \.001\./);
  await expect(verdict).toContainText("McNemar, exact");
  await expect(verdict.getByRole("img", { name: /^B, Seldom right: −\d+\.\d points/ })).toBeVisible();
  await expect(page.getByRole("img", { name: /on the Pareto front/ })).toBeVisible();
  await verdict.getByRole("radio", { name: "F1" }).click();
  await expect(page).toHaveURL(/score=f1/);
  await expect(verdict).toContainText("F1, paired on the same questions");

  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  expect((await download).suggestedFilename()).toBe("comparison.json");
  const report = page.waitForEvent("download");
  await page.getByRole("button", { name: "Report" }).click();
  expect((await report).suggestedFilename()).toBe("report.zip");
  expect(problems).toEqual([]);
});
