import { expect, test } from "./fixtures";

test("models show what they need, can be checked, and start an experiment", async ({ page, problems }) => {
  await page.goto("/models/");
  const table = page.getByRole("table", { name: "Models" });
  const rows = table.getByRole("row").filter({ has: page.getByRole("button", { name: /^Check / }) });
  await expect(rows.filter({ hasText: "mock/echo" })).toContainText("ready");
  await expect(table.getByRole("rowheader", { name: /OpenAI/ }).first()).toContainText("OPENAI_API_KEY");
  const all = await rows.count();

  await page.getByRole("radio", { name: /^Ready only/ }).click();
  await expect(page).toHaveURL(/[?&]ready=true/);
  await expect.poll(() => rows.count()).toBeLessThan(all);
  await page.getByRole("searchbox", { name: "Search" }).fill("mock");
  await expect(rows.first()).toContainText("mock/");
  await page.reload();
  await expect(page.getByRole("searchbox", { name: "Search" })).toHaveValue("mock");
  for (const text of await rows.allTextContents()) expect(text).toContain("mock/");

  await page.getByRole("searchbox", { name: "Search" }).fill("no such model");
  await expect(page.getByText("Nothing matches")).toBeVisible();
  await page.getByRole("button", { name: "Show all models" }).click();
  await expect(rows).toHaveCount(all);

  const echo = rows.filter({ hasText: "mock/echo" });
  const answer = page.waitForResponse((response) => response.url().includes("/models/check"));
  await echo.getByRole("button", { name: /^Check mock\/echo/ }).click();
  expect((await answer).status()).toBe(200);
  await expect(echo.getByRole("button", { name: /^Check/ })).toBeEnabled();
  await expect(echo).toContainText("ready");

  await echo.getByRole("link", { name: /^Use mock\/echo/ }).click();
  await expect(page).toHaveURL(/\/experiments\/new\/\?model=mock/);
  await expect(page.getByLabel("Model", { exact: true })).toHaveValue(/^mock\/echo/);
  await expect(page.getByText(/^As sent, user/)).toBeVisible();
  expect(problems).toEqual([]);
});
