import type { Page } from "@playwright/test";

import { expect, test } from "./fixtures";

const COUNT = 30;

const table = (page: Page) => page.getByRole("table", { name: "Experiments" });
const rows = (page: Page) => table(page).getByRole("row").filter({ has: page.getByRole("link") });
const names = (page: Page) => table(page).getByRole("link").allTextContents();
const nameOf = (index: number) => `Listed ${String(index).padStart(2, "0")}`;

test.beforeAll(async ({ api }) => {
  await api.clear();
  for (let index = 1; index <= COUNT; index++) {
    await api.create(nameOf(index), index % 5 === 0 ? { model: "mock/echo", dataset: { name: "trivia_qa", n: 5 } } : {});
  }
});

test("a page has 25 rows, and its number is in the address", async ({ page, problems }) => {
  await page.goto("/experiments/");
  await expect(rows(page)).toHaveCount(25);
  await expect(rows(page).first()).toContainText(nameOf(COUNT)); // the newest first
  await expect(page.getByText("1–25 of 30")).toBeVisible();
  await expect(page.getByRole("button", { name: "Previous page" })).toBeDisabled();

  await page.getByRole("button", { name: "Next page" }).click();
  await expect(page).toHaveURL(/[?&]page=2/);
  await expect(rows(page)).toHaveCount(5);
  await expect(page.getByText("26–30 of 30")).toBeVisible();
  await expect(page.getByRole("button", { name: "Next page" })).toBeDisabled();

  await page.reload();
  await expect(rows(page)).toHaveCount(5);
  await page.goBack();
  await expect(page).toHaveURL(/\/experiments\/$/);
  await expect(rows(page)).toHaveCount(25);
  await page.goForward();
  await expect(rows(page)).toHaveCount(5);
  expect(problems).toEqual([]);
});

test("text, status and model filter the list", async ({ page, api }) => {
  await api.run("Listed and run", { dataset: { name: "trivia_qa", n: 3 } });
  await page.goto("/experiments/");
  const search = page.getByRole("searchbox", { name: "Search" });
  await search.fill("listed 1");
  await expect(page).toHaveURL(/[?&]text=listed(\+|%20)1/);
  const found = (await api.list("text=listed 1&limit=25")).items.map(({ name }) => name);
  expect(found).toContain(nameOf(10));
  await expect.poll(() => names(page)).toEqual(found);

  await search.fill("nothing is called this");
  await expect(page.getByText("Nothing matches")).toBeVisible();
  await page.getByRole("button", { name: "Show all experiments" }).click();
  await expect(rows(page)).toHaveCount(25);
  await expect(search).toHaveValue("");

  const status = page.getByRole("group", { name: "Status" });
  await status.getByRole("button", { name: "Completed" }).click();
  await expect(page).toHaveURL(/[?&]status=COMPLETED/);
  await expect(rows(page)).toHaveCount(1);
  await expect(rows(page)).toContainText("Listed and run");
  await status.getByRole("button", { name: "Completed" }).click();
  await expect(status.getByRole("button", { name: "Completed" })).toHaveAttribute("aria-pressed", "false");

  await page.getByLabel("All models").selectOption("mock/echo");
  await expect(page).toHaveURL(/[?&]model=mock(\/|%2F)echo/);
  await expect(rows(page)).toHaveCount(COUNT / 5);
  await page.reload();
  await expect(rows(page)).toHaveCount(COUNT / 5);
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  await expect(rows(page)).toHaveCount(25);
});

test("a column head sorts in both directions", async ({ page }) => {
  await page.goto("/experiments/?text=listed");
  const title = table(page).getByRole("columnheader", { name: "Experiment" });
  await title.getByRole("button").click();
  await expect(page).toHaveURL(/[?&]sort=name/);
  await expect(title).toHaveAttribute("aria-sort", "ascending");
  await expect(rows(page).first()).toContainText(nameOf(1));
  await title.getByRole("button").click();
  await expect(title).toHaveAttribute("aria-sort", "descending");
  await expect(rows(page).first()).not.toContainText(nameOf(1));
  await expect.poll(async () => (await names(page)).join()).toBe([...(await names(page))].sort().reverse().join());
});

test("two that are selected can be compared", async ({ page }) => {
  await page.goto("/experiments/?sort=name");
  await page.getByRole("checkbox", { name: `Select ${nameOf(1)}` }).check();
  const bar = page.getByRole("toolbar", { name: "Selected experiments" });
  await expect(bar.getByRole("button", { name: /^Compare/ })).toBeDisabled();
  await page.getByRole("checkbox", { name: `Select ${nameOf(2)}` }).check();
  await expect(bar).toContainText("2 selected");
  await bar.getByRole("link", { name: "Compare" }).click();
  await expect(page).toHaveURL(/\/compare\/\?ids=[0-9a-f-]{36}(,|%2C)[0-9a-f-]{36}$/);
  await expect(page.getByRole("listitem").filter({ hasText: nameOf(1) })).toContainText("Baseline");
  await expect(page.getByRole("link", { name: nameOf(2) })).toBeVisible();
});

test("undo restores a deleted experiment", async ({ page, api }) => {
  const gone = nameOf(3);
  await page.goto("/experiments/?sort=name&text=listed");
  await page.getByRole("checkbox", { name: `Select ${gone}` }).check();
  await page.getByRole("toolbar", { name: "Selected experiments" }).getByRole("button", { name: "Delete" }).click();
  await expect(page.getByRole("link", { name: gone })).toHaveCount(0);
  await expect(page.getByRole("toolbar", { name: "Selected experiments" })).toHaveCount(0);
  expect((await api.list("limit=200")).items.map(({ name }) => name)).not.toContain(gone);

  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("link", { name: gone })).toBeVisible();
  expect((await api.list("limit=200")).items.map(({ name }) => name)).toContain(gone);
});
