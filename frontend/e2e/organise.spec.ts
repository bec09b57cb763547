import type { Page } from "@playwright/test";

import { expect, test } from "./fixtures";

const table = (page: Page) => page.getByRole("table", { name: "Experiments" });
const rows = (page: Page) => table(page).getByRole("row").filter({ has: page.getByRole("link") });
const bar = (page: Page) => page.getByRole("toolbar", { name: "Selected experiments" });
const select = (page: Page, name: string) => page.getByRole("checkbox", { name: `Select ${name}`, exact: true });
const ids: string[] = [];

test.beforeAll(async ({ api }) => {
  await api.clear();
  for (const name of ["One", "Two", "Three", "Four"]) ids.push((await api.create(name)).id);
});

test("name, tags and notes are edited on the experiment's page", async ({ page, api, problems }) => {
  const id = ids[0] ?? "";
  const before = await api.get(id);
  await page.goto(`/experiments/view/?id=${id}`);
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("First <b>one</b>");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "First <b>one</b>", exact: true })).toBeVisible();

  await page.getByLabel("New tag").fill("pilot, paper");
  await page.keyboard.press("Enter");
  const tags = page.getByRole("list", { name: "Tags" });
  await expect(tags.getByRole("listitem")).toHaveText(["paper", "pilot"]);
  await page.getByRole("button", { name: "Remove the tag paper" }).click();
  await expect(tags.getByRole("listitem")).toHaveText(["pilot"]);

  await page.getByRole("button", { name: "Add notes" }).click();
  await page.getByRole("textbox", { name: "Notes" }).fill("Two\nlines, <i>plain</i>");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByLabel("Notes", { exact: true })).toHaveText("Two\nlines, <i>plain</i>");

  await page.getByRole("button", { name: "Archive" }).click();
  await expect(page.getByText(/^Archived /)).toBeVisible();
  await page.getByRole("button", { name: "Unarchive" }).click();
  await expect(page.getByText(/^Archived /)).toHaveCount(0);
  const after = await api.get(id);
  expect({ hash: after.config_hash, config: after.config, provenance: after.provenance }).toEqual({ hash: before.config_hash, config: before.config, provenance: before.provenance });

  await tags.getByRole("link", { name: "pilot" }).click();
  await expect(page).toHaveURL(/\/experiments\/\?tag=pilot/);
  await expect(rows(page)).toHaveCount(1);
  expect(problems).toEqual([]);
});

test("rows are selected by keyboard, and acted on together", async ({ page, api, problems }) => {
  await page.goto("/experiments/?sort=-created_at");
  await select(page, "Four").focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowDown");
  await expect(bar(page)).toContainText("3 selected");
  await page.keyboard.press("Escape");
  await expect(bar(page)).toHaveCount(0);

  await select(page, "Four").click();
  await select(page, "Two").click({ modifiers: ["Shift"] });
  await expect(bar(page)).toContainText("3 selected");
  await bar(page).getByRole("button", { name: "Tag" }).click();
  await page.getByLabel("Tag to add").fill("sweep");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("status").filter({ hasText: "3 experiments tagged sweep" })).toBeVisible();
  await expect(rows(page).filter({ hasText: "#sweep" })).toHaveCount(3);

  await page.getByLabel("All tags").selectOption("sweep");
  await expect(page).toHaveURL(/[?&]tag=sweep/);
  await page.getByRole("checkbox", { name: "Select all on this page" }).click();
  await bar(page).getByRole("button", { name: "Archive" }).click();
  await expect(page.getByText("3 experiments archived.")).toBeVisible();
  await expect(rows(page)).toHaveCount(0);
  expect((await api.list()).total).toBe(1);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(rows(page)).toHaveCount(3);
  expect(problems).toEqual([]);
});

test("what is refused is said, with the reason", async ({ page, api }) => {
  const full = await api.create("Full");
  await api.change(full.id, { tags: Array.from({ length: 20 }, (_, index) => `t${index}`) });
  await page.goto("/experiments/");
  await select(page, "Full").click();
  await select(page, "Four").click();
  await bar(page).getByRole("button", { name: "Tag" }).click();
  await page.getByLabel("Tag to add").fill("another");
  await page.keyboard.press("Enter");
  const report = page.getByRole("status").filter({ hasText: "1 of 2 experiments tagged another" });
  await expect(report.getByRole("listitem")).toContainText("Full: The experiment would have 21 tags.");
  expect((await api.get(ids[3] ?? "")).tags).toContain("another");
});

test("a view is saved, shared, renamed and deleted", async ({ page, browser, problems }) => {
  await page.goto("/experiments/?tag=sweep&sort=name");
  await page.getByRole("button", { name: "Views" }).click();
  await page.getByRole("menuitem", { name: /^Save this view/ }).click();
  await page.getByLabel("Name").fill("Sweeps");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Sweeps" })).toBeVisible();

  const other = await browser.newContext({ baseURL: new URL(page.url()).origin }); // of a colleague
  const theirs = await other.newPage();
  await theirs.goto("/experiments/");
  await theirs.getByRole("button", { name: "Views" }).click();
  await theirs.getByRole("menuitem", { name: "Sweeps" }).click();
  await expect(theirs).toHaveURL(/[?&]tag=sweep/);
  await expect(rows(theirs)).toHaveCount(3);
  await other.close();

  await page.getByRole("button", { name: "Sweeps" }).click();
  await page.getByRole("menuitem", { name: /^Rename or delete/ }).click();
  await page.getByLabel("Name of Sweeps").fill("Seeds");
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByRole("button", { name: "Delete Seeds" }).click();
  await expect(page.getByText("There are none any more.")).toBeVisible();
  expect(problems).toEqual([]);
});
