import type { Page } from "@playwright/test";

import { expect, test } from "./fixtures";

const GOOD = "Question: {question}\nAnswer:";

const yaml = (page: Page) => page.getByRole("textbox", { name: "YAML" });
const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });

async function open(page: Page): Promise<void> {
  await page.goto("/experiments/new/?model=mock/gold");
  await expect(page.getByText(/^As sent, user/)).toBeVisible();
  await page.getByRole("button", { name: /^Advanced settings/ }).click();
}

/** The field is marked invalid and described by its error. */
async function expectWrong(page: Page, label: string, message: RegExp): Promise<void> {
  await expect(field(page, label)).toHaveAttribute("aria-invalid", "true");
  await expect(field(page, label)).toHaveAccessibleDescription(message);
}

async function expectCorrected(page: Page, label: string): Promise<void> {
  await expect(field(page, label)).not.toHaveAttribute("aria-invalid");
  await expect(page.getByText(/^As sent, user/)).toBeVisible();
}

test("an invalid field shows its error until it is corrected, and nothing is created", async ({ page, api }) => {
  const before = (await api.list()).total;
  await open(page);
  await test.step("a template without a place for the question", async () => {
    await field(page, "Template").fill("What do you know?");
    await expectWrong(page, "Template", /must hold the place \{question\}/);
    await field(page, "Template").fill(GOOD);
    await expectCorrected(page, "Template");
  });
  await test.step("a sample of no questions", async () => {
    await field(page, "Number of questions").fill("0");
    await expectWrong(page, "Number of questions", /greater than or equal to 1/);
    await field(page, "Number of questions").fill("5");
    await expectCorrected(page, "Number of questions");
    await expect(page.getByText("Question 1 of 5 in the sample")).toBeVisible();
  });
  await test.step("a model of an unknown provider", async () => {
    await field(page, "Model").selectOption({ label: "Another, by its name…" });
    await field(page, "Name of the model").fill("nowhere/model-1");
    await expectWrong(page, "Name of the model", /nowhere/);
    await page.getByRole("button", { name: "Create and run" }).click();
    await expectWrong(page, "Name of the model", /nowhere/);
    await expect(page).toHaveURL(/\/experiments\/new\//);
    expect((await api.list()).total).toBe(before);
    await field(page, "Name of the model").fill("mock/echo");
    await expectCorrected(page, "Name of the model");
  });
});

test("form and YAML edit the same configuration", async ({ page }) => {
  await open(page);
  await field(page, "Number of questions").fill("7");
  await expect(yaml(page)).toHaveValue(/\n {2}n: 7\n/);
  await field(page, "Template").fill("Say it: {question}");
  await expect(yaml(page)).toHaveValue(/template: "?Say it: \{question\}"?\n/);

  const text = await yaml(page).inputValue();
  await yaml(page).fill(text.replace("n: 7", "n: 9").replace("seed: 42", "seed: 1234"));
  await expect(field(page, "Number of questions")).toHaveValue("9");
  await expect(field(page, "Seed")).toHaveValue("1234");
  await expect(field(page, "Template")).toHaveValue("Say it: {question}");
  await expect(page.getByText("Question 1 of 9 in the sample")).toBeVisible();
  await expect(page.getByRole("figure", { name: /^As sent, user/ }).locator("pre")).toHaveText(/^Say it: /);
});

test("invalid YAML shows an error and keeps the text", async ({ page }) => {
  await open(page);
  const text = await yaml(page).inputValue();
  const broken = text.replace("dataset:", "dataset: [");
  await yaml(page).fill(broken);
  await expect(yaml(page)).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByRole("status").filter({ hasText: /line \d+/ })).toBeVisible();

  // Leaving the field keeps the text as typed, and the form unchanged.
  await field(page, "Seed").focus();
  await expect(yaml(page)).toHaveValue(broken);
  await expect(field(page, "Seed")).toHaveValue("42");

  await yaml(page).fill(text.replace("seed: 42", "seed: 43"));
  await expect(yaml(page)).not.toHaveAttribute("aria-invalid");
  await expect(field(page, "Seed")).toHaveValue("43");

  // The server rejects unknown keys of valid YAML.
  await yaml(page).fill(`${text}colour: blue\n`);
  await expect(page.getByRole("alert").filter({ hasText: "colour" })).toBeVisible();
});
