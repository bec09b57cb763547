import { expect, test } from "./fixtures";

// The name puts this file first: the database is empty, as after the installation.

test("the first visit offers ways to start", async ({ page, api, problems }) => {
  await api.clear();
  await page.goto("/");
  await expect(page.getByRole("heading", { name: /^Which way of using a language model/ })).toBeVisible();
  await expect(page.getByRole("button", { name: "Run the demo experiment" })).toBeEnabled();
  await expect(page.getByText("Latest results")).toHaveCount(0);

  await page.getByRole("link", { name: "Create your own" }).click();
  await expect(page).toHaveURL(/\/experiments\/new\/$/);
  await expect(page.getByRole("heading", { name: "New experiment", level: 1 })).toBeVisible();

  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Experiments" }).click();
  await expect(page.getByText("No experiments yet")).toBeVisible();
  await page.getByRole("link", { name: "Create the first one" }).click();
  await expect(page).toHaveURL(/\/experiments\/new\/$/);
  expect(problems).toEqual([]);
});
