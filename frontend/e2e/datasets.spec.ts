import type { Page } from "@playwright/test";

import { expect, test } from "./fixtures";

const lines = (count: number, change = "") =>
  Array.from({ length: count }, (_, index) =>
    JSON.stringify({ id: `q${index + 1}`, question: `What comes after ${index}${change}?`, answers: [String(index + 1), `number ${index + 1}`] }),
  );
const file = (name: string, content: string[]) => ({ name, mimeType: "application/jsonl", buffer: Buffer.from(content.join("\n")) });

const dialog = (page: Page) => page.getByRole("dialog");
const fileField = (page: Page) => dialog(page).locator("input[type=file]");
const submit = (page: Page) => dialog(page).getByRole("button", { name: "Upload", exact: true }).click();

test("a file is uploaded as a dataset, and as versions of it", async ({ page, api, problems }) => {
  const name = "counting";
  await page.goto("/datasets/");
  await page.getByRole("button", { name: "Upload a dataset" }).click();
  await fileField(page).setInputFiles(file(`${name}.jsonl`, lines(60)));
  await expect(dialog(page).getByLabel("Name", { exact: true })).toHaveValue(name); // from the file's
  await submit(page);
  await expect(dialog(page)).toHaveCount(0);
  await expect(page).toHaveURL(new RegExp(`/datasets/\\?name=${name}&version=[0-9a-f]+`));
  await expect(page.getByRole("heading", { name, level: 1 })).toBeVisible();

  const questions = page.getByRole("table", { name: `Questions of ${name}` });
  await expect(page.getByText("50 of 60 shown")).toBeVisible();
  await page.getByRole("button", { name: "Show more" }).click();
  await expect(page.getByText("60 of 60 shown")).toBeVisible();
  await expect(questions.getByText("What comes after 59?")).toBeVisible();
  await questions.getByRole("button", { name: "Details of q1", exact: true }).click();
  await expect(page.getByRole("figure", { name: /^2 accepted answers/ }).locator("pre")).toHaveText("1\nnumber 1");

  // The same content is no new version; another is, and the first stays.
  await page.getByRole("button", { name: "Upload a version" }).click();
  await fileField(page).setInputFiles(file("again.jsonl", lines(60)));
  await submit(page);
  await expect(page.getByText("This content is stored already")).toBeVisible();
  await page.getByRole("button", { name: "Upload a version" }).click();
  await fileField(page).setInputFiles(file("more.jsonl", lines(10, ", say")));
  await submit(page);
  await expect(page.getByText("10 of 10 shown")).toBeVisible();
  const versions = page.locator("section", { has: page.getByRole("heading", { name: "Versions" }) }).getByRole("listitem");
  await expect(versions).toHaveCount(2);
  expect((await api.datasets()).filter((dataset) => dataset.name === name)).toHaveLength(2);
  await versions.last().getByRole("button").click();
  await expect(page.getByText("50 of 60 shown").or(page.getByText("60 of 60 shown"))).toBeVisible();
  await page.goBack();
  await expect(page.getByText("10 of 10 shown")).toBeVisible();

  await page.getByRole("link", { name: "New experiment with this dataset" }).click();
  await expect(page.getByLabel("Dataset", { exact: true })).toHaveValue(name);
  await expect(page.getByLabel("Number of questions")).toHaveValue("10");
  expect(problems).toEqual([]);
});

test("columns by other names are mapped, and warnings are shown before the dataset", async ({ page, problems }) => {
  await page.goto("/datasets/");
  await page.getByRole("button", { name: "Upload a dataset" }).click();
  await fileField(page).setInputFiles(file("german.csv", ["Frage;Answer", "Wie hoch?;5", "Wie hoch?;6"]));
  await expect(dialog(page).getByLabel("Answer", { exact: true })).toHaveValue("Answer"); // guessed
  await dialog(page).getByLabel("Question", { exact: true }).selectOption("Frage");
  await expect(dialog(page).getByText("Wie hoch? · Wie hoch?")).toBeVisible();
  await submit(page);
  await expect(dialog(page).getByRole("list", { name: "Warnings" }).getByRole("listitem")).toContainText(["is there more than once"]);
  await dialog(page).getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("heading", { name: "german", level: 1 })).toBeVisible();
  expect(problems).toEqual([]);
});

test("a file with wrong lines is rejected, and each wrong line is listed", async ({ page, api }) => {
  await page.goto("/datasets/");
  await page.getByRole("button", { name: "Upload a dataset" }).click();
  await submit(page);
  await expect(fileField(page)).toHaveAttribute("aria-invalid", "true");

  const [first = "", second = ""] = lines(2);
  await fileField(page).setInputFiles(file("faulty.jsonl", [first, "{not json", second, '{"question": "Without an answer?"}']));
  await submit(page);
  const wrong = dialog(page).getByRole("list", { name: "Wrong lines" });
  await expect(wrong.getByRole("listitem")).toHaveText([/^line 2/, /^line 4/]);
  expect((await api.datasets()).map(({ name }) => name)).not.toContain("faulty");

  await fileField(page).setInputFiles(file("faulty.jsonl", [first, second]));
  await expect(wrong).toHaveCount(0);
  await submit(page);
  await expect(page.getByRole("heading", { name: "faulty", level: 1 })).toBeVisible();
  await expect(page.getByText("2 of 2 shown")).toBeVisible();
});
