import { expect, test } from "./fixtures";

const LOG = "../backend/tests/fixtures/harnesses/inspect.eval";

test("a log of another harness becomes an experiment, and a broken one says why", async ({ page }) => {
  await page.goto("/experiments/");
  await page.getByRole("button", { name: "Import results" }).click();
  const dialog = page.getByRole("dialog", { name: "Import results" });
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await expect(dialog).toContainText("Choose a file.");
  await dialog.locator("input[type=file]").setInputFiles({ name: "what.json", mimeType: "application/json", buffer: Buffer.from("{}") });
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await expect(dialog.getByRole("alert")).toContainText("what.json is no log that is known here.");
  await dialog.locator("input[type=file]").setInputFiles(LOG);
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await expect(dialog).toContainText("8 answers to 8 questions of inspect-trivia");
  await expect(dialog).toContainText("inspect.match and exact_match agree on all 8");
  await dialog.getByRole("link", { name: "trivia (Inspect)" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("trivia (Inspect)");
  await expect(page.getByRole("main")).toContainText("match (Inspect)");
});
