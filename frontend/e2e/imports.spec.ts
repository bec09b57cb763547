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
  await expect(dialog).toContainText("match (Inspect) and Exact match agree on all 8");
  await dialog.getByRole("link", { name: "trivia (Inspect)" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("trivia (Inspect)");
  await expect(page.getByRole("main")).toContainText("match (Inspect)");
});

test("the columns of a plain file are chosen, and where scores disagree is listed", async ({ page }) => {
  const rows = ["ask,gold,said,judge", "How much is 2 + 2?,4,4,1", "How much is 2 + 3?,5,5,0", "How much is 2 + 4?,6,7,1"].join("\n");
  await page.goto("/experiments/");
  await page.getByRole("button", { name: "Import results" }).click();
  const dialog = page.getByRole("dialog", { name: "Import results" });
  await dialog.locator("input[type=file]").setInputFiles({ name: "sums.csv", mimeType: "text/csv", buffer: Buffer.from(rows) });
  await expect(dialog.getByRole("table", { name: "Columns of the file" })).toContainText("How much is 2 + 2?");
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await expect(dialog).toContainText("Choose the column of the question and of the output.");
  await dialog.getByRole("combobox", { name: "What ask holds" }).selectOption({ label: "Question" });
  await dialog.getByRole("combobox", { name: "What said holds" }).selectOption({ label: "Output of the model" });
  await dialog.getByRole("combobox", { name: "What judge holds" }).selectOption({ label: "Score, 0 to 1" });
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await expect(dialog).toContainText("judge (a file) and Exact match differ on 2 of 3");
  await dialog.getByRole("link", { name: "sums" }).click();
  const scores = page.getByRole("table", { name: "The harness’s scores against ours" });
  await scores.getByRole("button", { name: /judge.* calls right and Exact match does not/ }).click();
  const runs = page.locator("section").filter({ has: page.getByRole("heading", { name: "Runs", exact: true }) });
  await expect(runs.getByRole("status").first()).toHaveText("1 run");
  await expect(runs).toContainText("How much is 2 + 4?");
});
