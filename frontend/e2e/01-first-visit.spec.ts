import { expect, test } from "./fixtures";

// The name puts this file first: the database is empty, as for whoever has just installed the platform.

test("a first visit says how to begin", async ({ page, api, troubles }) => {
  await api.clear();
  await page.goto("/");
  await expect(page.getByRole("heading", { name: /^Which way of using a language model/ })).toBeVisible();
  await expect(page.getByRole("button", { name: "Run the demo experiment" })).toBeEnabled();
  await expect(page.getByText("Latest results")).toHaveCount(0);

  await page.getByRole("link", { name: "Describe your own" }).click();
  await expect(page).toHaveURL(/\/experiments\/new\/$/);
  await expect(page.getByRole("heading", { name: "New experiment", level: 1 })).toBeVisible();

  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Experiments" }).click();
  await expect(page.getByText("No experiments yet")).toBeVisible();
  await page.getByRole("link", { name: "Describe the first one" }).click();
  await expect(page).toHaveURL(/\/experiments\/new\/$/);
  expect(troubles).toEqual([]);
});
