import { expect, test } from "./fixtures";

test("answers are labelled by keyboard, one after the other, and the comparison says what the labels mean", async ({ page, api, problems }) => {
  test.slow();
  const dataset = { name: "trivia_qa", n: 12 };
  const { id: first } = await api.run("Labelled, right", { model: "mock/gold", dataset });
  const { id: second } = await api.run("Labelled, half right", { model: "mock/gold?accuracy=0.5", dataset });
  await page.goto(`/compare/?ids=${first},${second}`);
  await expect(page.getByText("Nobody has labelled an answer yet.")).toBeVisible();
  await page.getByRole("link", { name: "Label answers" }).click();

  // No answer is shown before it is known who labels, and never whose it is.
  await expect(page.getByText("Who are you?")).toBeVisible();
  await page.getByLabel("Your name").fill("Ada");
  await expect(page.getByText("0 of 24 labelled by you")).toBeVisible();
  await expect(page.getByText("Labelled, half right")).toBeHidden();

  // Keys in a field are text.
  await page.getByLabel("Note").fill("wrong, surely");
  await expect(page.getByText("0 of 24 labelled by you")).toBeVisible();
  await page.getByLabel("Note").blur();
  const question = page.locator("p.font-serif").first();
  const asked = await question.innerText();
  await page.keyboard.press("w");
  await expect(page.getByText("1 of 24 labelled by you")).toBeVisible();
  await expect(page.getByLabel("Note")).toHaveValue("");
  await page.keyboard.press("z");
  await expect(page.getByText("0 of 24 labelled by you")).toBeVisible();
  await expect(question).toHaveText(asked);
  // Whoever labels faster than labels are stored is not asked for the same answers again.
  await page.route("**/api/v1/labels", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    await route.continue();
  });
  for (let done = 1; done <= 24; done += 1) {
    await page.keyboard.press("r");
    // When the first page of answers is through, the next one comes after all labels are stored.
    await expect(page.getByText(`${done} of 24 labelled by you`)).toBeVisible({ timeout: 30_000 });
  }
  await expect(page.getByText("You have labelled every answer of this order.")).toBeVisible();

  const row = page.getByRole("table", { name: "Accuracy by people’s labels" }).getByRole("row", { name: /half right/ }).first();
  await expect(row.getByRole("cell").first()).toHaveText("12 of 12");
  await page.goto(`/compare/?ids=${first},${second}`);
  await expect(page.getByText("Ada 24 labels")).toBeVisible();
  expect(problems).toEqual([]);
});
