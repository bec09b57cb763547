import type { Page } from "@playwright/test";

import { expect, test } from "./fixtures";

const MODELS_MS = 90_000; // starts a process and loads the models, on a busy machine

const articles = [
  { id: "nile", title: "Nile", text: "The Nile is a river in Africa. It flows through Cairo and ends in the Mediterranean Sea." },
  { id: "danube", title: "Danube", section: "Course", text: "The Danube flows through Vienna, Bratislava, Budapest and Belgrade to the Black Sea." },
  { id: "etna", title: "Etna", text: "Etna is a volcano on Sicily. Its eruptions have been written down for two thousand years." },
];
const file = (name: string, lines: string[]) => ({ name, mimeType: "application/jsonl", buffer: Buffer.from(lines.join("\n")) });
const dialog = (page: Page) => page.getByRole("dialog");
const fileField = (page: Page) => dialog(page).locator("input[type=file]");
const submit = (page: Page) => dialog(page).getByRole("button", { name: "Upload", exact: true }).click();

test("articles can be browsed, found by title, and read", async ({ page, problems }) => {
  await page.goto("/");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Knowledge" }).click();
  await page.getByRole("table", { name: "Knowledge bases" }).getByRole("link", { name: "encyclopedia" }).click();
  await expect(page).toHaveURL(/\/knowledge\/\?name=encyclopedia/);
  await expect(page.getByRole("heading", { name: "encyclopedia", level: 1 })).toBeVisible();
  await expect(page.getByText("CC0-1.0")).toBeVisible();

  await expect(page.getByText(/^25 of [\d,]+ shown$/)).toBeVisible();
  await page.getByRole("button", { name: "Show more" }).click();
  await expect(page.getByText(/^50 of [\d,]+ shown$/)).toBeVisible();

  const list = page.getByRole("list", { name: "Articles of encyclopedia" });
  await page.getByLabel("Title or id").fill("1912 summer");
  await expect(page.getByText("1 of 1 shown")).toBeVisible();
  await expect(page).toHaveURL(/[?&]text=1912/);
  await list.getByRole("button", { name: /^1912 Summer Olympics/ }).click();
  await expect(list.getByRole("heading", { name: "The Swedish masterpiece" })).toBeVisible();
  await expect(list.getByRole("paragraph").filter({ hasText: /^After the quarrels of London in 1908, .* under a false name\.$/ })).toBeVisible();

  await page.getByLabel("Title or id").fill("nothing is called so");
  await expect(page.getByText("No such article")).toBeVisible();
  await page.getByLabel("Title or id").fill("");
  await expect(page.getByText(/^50 of [\d,]+ shown$/)).toBeVisible();
  expect(problems).toEqual([]);
});

test("an uploaded knowledge base is indexed and searched by every variant", async ({ page, problems }) => {
  test.setTimeout(2 * MODELS_MS);
  await page.goto("/knowledge/");
  await page.getByRole("button", { name: "Upload a knowledge base" }).click();
  await submit(page);
  await expect(fileField(page)).toHaveAttribute("aria-invalid", "true");
  await fileField(page).setInputFiles(
    file(
      "rivers.jsonl",
      articles.map((article) => JSON.stringify(article)),
    ),
  );
  await expect(dialog(page).getByLabel("Name", { exact: true })).toHaveValue("rivers"); // from the file's
  await submit(page);
  await expect(dialog(page)).toHaveCount(0);
  await expect(page).toHaveURL(/\/knowledge\/\?name=rivers&version=[0-9a-f]{16}/);
  await expect(page.getByText("3 of 3 shown")).toBeVisible();

  const index = page.locator("section", { has: page.getByRole("heading", { name: "Index" }) });
  await expect(index).toContainText("not built");
  await index.getByRole("button", { name: "Build index" }).click();
  await expect(index).toContainText("building");
  await expect(index).toContainText("3 chunks indexed.", { timeout: MODELS_MS });

  await page.getByLabel("Query").fill("Which river flows through Vienna?");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/[?&]q=Which/);
  const naive = page.getByRole("region", { name: "Naive" });
  const hybrid = page.getByRole("region", { name: "Hybrid" });
  await expect(naive.getByRole("article", { name: "Danube" })).toContainText(/dense\s*1/, { timeout: MODELS_MS });
  await expect(naive.getByRole("heading", { name: "Naive" }).locator("..")).toContainText(/ m?s$/); // how long it took
  const best = hybrid.getByRole("article").first();
  await expect(best).toHaveAccessibleName("Danube");
  await expect(best.getByRole("list", { name: "Ranks by stage" }).getByRole("listitem")).toHaveText([/dense\s*1/, /bm25\s*\d/, /fused\s*1/]);
  await expect(best.locator("mark")).toHaveText(["flows", "Vienna"]);
  await best.getByRole("button", { name: /^Show/ }).click();
  await expect(best).toContainText(/dense retrieval: rank 1, cosine similarity 0\.\d+/);
  // Without a network the reranker cannot be loaded, and its column says so.
  await expect(page.getByRole("region", { name: "Reranked" })).toContainText(/method\.reranker|reranked\s*1/);

  // The search is in the address, so that a shared link shows the same.
  await page.reload();
  await expect(hybrid.getByRole("article").first()).toHaveAccessibleName("Danube");
  await expect(page.getByLabel("Query")).toHaveValue("Which river flows through Vienna?");

  await page.getByRole("link", { name: "New experiment with this knowledge base" }).click();
  await expect(page.getByLabel("Method", { exact: true })).toHaveValue("rag");
  await expect(page.getByLabel("Knowledge base", { exact: true })).toHaveValue("rivers");
  expect(problems).toEqual([]);
});

test("a file with wrong lines is rejected; several files become one knowledge base", async ({ page }) => {
  await page.goto("/knowledge/");
  await page.getByRole("button", { name: "Upload a knowledge base" }).click();
  await fileField(page).setInputFiles(file("faulty.jsonl", [JSON.stringify(articles[0]), "{not json", '{"title": "Without a text"}']));
  await submit(page);
  const wrong = dialog(page).getByRole("list", { name: "Wrong lines" });
  await expect(wrong.getByRole("listitem")).toHaveText([/^line 2/, /^line 3/]);

  await fileField(page).setInputFiles([
    { name: "volcano.md", mimeType: "text/markdown", buffer: Buffer.from("# Etna\n\nA volcano.\n\n## Eruptions\n\nThere were many.") },
    { name: "Nile.txt", mimeType: "text/plain", buffer: Buffer.from("A river in Africa.") },
  ]);
  await expect(wrong).toHaveCount(0);
  await expect(dialog(page).getByText("volcano.md and 1 file more")).toBeVisible();
  await dialog(page).getByLabel("Name", { exact: true }).fill("mixed");
  await submit(page);
  await expect(page.getByRole("heading", { name: "mixed", level: 1 })).toBeVisible();
  await expect(page.getByText("2 of 2 shown")).toBeVisible();
  await page.getByRole("button", { name: /^Etna/ }).click();
  await expect(page.getByRole("heading", { name: "Eruptions" })).toBeVisible();
});
