import type { Page } from "@playwright/test";

import { expect, test } from "./fixtures";

const slow = { model: "mock/gold?accuracy=0.7&latency_ms=160", concurrency: 2 }; // 40 calls: 3 seconds

const bar = (page: Page) => page.getByRole("progressbar", { name: "Progress", exact: true });
const done = async (page: Page) => Number(await bar(page).getAttribute("aria-valuenow"));
const status = (page: Page, label: string) => page.getByRole("main").getByText(label, { exact: true });

test("a running experiment can be cancelled, and resumes where it stopped", async ({ page, api, problems }) => {
  const { id } = await api.create("Cancelled and resumed", slow);
  await page.goto(`/experiments/view/?id=${id}`);
  await expect(status(page, "Not started").first()).toBeVisible();
  await page.getByRole("button", { name: "Start" }).click();
  await expect.poll(() => done(page), { intervals: [50] }).toBeGreaterThan(3);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(status(page, "Cancelled").first()).toBeVisible();
  await expect(bar(page)).toHaveCount(0);
  const kept = (await api.runs(id)).total ?? 0;
  expect(kept).toBeGreaterThan(3);
  expect(kept).toBeLessThan(40);

  // The ended experiment stays unchanged: a new one continues it.
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(page).not.toHaveURL(new RegExp(id));
  await expect(page.getByRole("link", { name: "resumed from an earlier one" })).toHaveAttribute("href", new RegExp(id));
  await expect(status(page, "Completed").first()).toBeVisible({ timeout: 15_000 });
  await expect(page.getByText(`n = 40`, { exact: false }).first()).toBeVisible();
  const child = new URL(page.url()).searchParams.get("id") ?? "";
  expect((await api.runs(child)).total).toBe(40);
  expect(problems).toEqual([]);
});

test("without the event stream the page polls", async ({ page, api }) => {
  let refused = 0;
  await page.route("**/events", (route) => {
    refused++;
    return route.abort();
  });
  const { id } = await api.create("Without a stream", slow);
  await page.goto(`/experiments/view/?id=${id}`);
  await page.getByRole("button", { name: "Start" }).click();
  await expect(status(page, "Running").first()).toBeVisible();
  await expect(status(page, "Completed").first()).toBeVisible({ timeout: 15_000 });
  await expect(bar(page)).toHaveCount(0);
  await expect(page.getByRole("button", { name: /^Wrong \d+$/ })).toBeVisible();
  expect(refused).toBeGreaterThan(0);
});
