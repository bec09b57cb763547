import { expect, test } from "./fixtures";

const INDEX_MS = 90_000; // loads the models and builds a small index, on a busy machine

const BASE = "capitals";
const CAPITALS = [
  ["Austria", "Vienna"],
  ["Hungary", "Budapest"],
  ["Serbia", "Belgrade"],
  ["Slovakia", "Bratislava"],
  ["Romania", "Bucharest"],
  ["Bulgaria", "Sofia"],
] as const;

test.describe.configure({ mode: "serial" });

let ids: string[] = [];

test.beforeAll(async ({ api }) => {
  test.setTimeout(INDEX_MS);
  await api.upload(
    BASE,
    CAPITALS.map(([country, capital]) => ({ question: `Which city is the capital of ${country}?`, answer: capital })),
  );
  await api.addArticles(
    BASE,
    CAPITALS.map(([country, capital]) => ({
      id: country.toLowerCase(),
      title: country,
      text: `${country} is a country on the Danube. The government of ${country} has its seat in ${capital}.`,
    })),
  );
  const dataset = { name: BASE };
  const method = { name: "rag", knowledge_base: BASE };
  const first = await api.create("Hybrid retrieval", { dataset, method, model: "mock/gold?accuracy=0.5" });
  await api.start(first.id);
  expect((await api.ended(first.id, INDEX_MS)).status).toBe("COMPLETED");
  const second = await api.run("Dense retrieval only", { dataset, method: { ...method, variant: "naive" }, model: "mock/hash" });
  ids = [first.id, second.id];
});
test.afterAll(() => {
  ids = [];
});

test("a run shows what was retrieved for it, with the accepted answers marked", async ({ page, api, problems }) => {
  const [id = ""] = ids;
  const { items } = await api.runs(id);
  const run = items.find(({ scores }) => scores.answer_in_context?.value === 1);
  expect(run).toBeDefined();
  await page.goto(`/experiments/view/?id=${id}&run=${run?.id}`);
  const retrieved = page.getByRole("region", { name: "Retrieved" });
  await expect(retrieved.getByRole("article")).toHaveCount(5);
  await expect(retrieved).toContainText(/5 passages, best first; numbers? .*accepted answer\./);

  const holding = retrieved.getByRole("article").filter({ hasText: "contains the answer" }).first();
  const said = (await holding.locator("mark").first().innerText()).toLowerCase();
  expect(run?.gold.some((answer) => answer.toLowerCase().includes(said))).toBe(true);
  await expect(holding.getByRole("list", { name: "Ranks by stage" })).toContainText(/fused\s*\d/);
  await holding.getByRole("button", { name: /^Show/ }).click();
  await expect(holding).toContainText(/fusion: rank \d+, fused score/);

  // The passages are above the prompt that contains them.
  const prompt = page.getByRole("figure", { name: /^Prompt as sent, user/ });
  const [above, below] = [await retrieved.boundingBox(), await prompt.boundingBox()];
  expect((above?.y ?? 0) + (above?.height ?? 0)).toBeLessThanOrEqual(below?.y ?? 0);
  expect(problems).toEqual([]);
});

test("answer attribution is shown for one experiment and side by side", async ({ page, api, problems }) => {
  const [id = ""] = ids;
  await page.goto(`/experiments/view/?id=${id}`);
  await expect(page.getByRole("main").getByText("RAG", { exact: true })).toBeVisible();
  const panel = page.locator("section", { has: page.getByRole("heading", { name: "Answer attribution" }) });
  const { items } = await api.runs(id);
  const judged = items.filter(({ scores }) => scores.answer_in_context?.value != null);
  await expect(panel).toContainText(`Of ${judged.length} answers`);
  const wrong = judged.filter(({ scores }) => scores.contains?.value === 0 && scores.exact_match?.value === 0 && scores.answer_in_context?.value === 1);
  await expect(panel.getByRole("term").filter({ hasText: "Retrieved but misread" }).locator("..")).toContainText(String(wrong.length));
  await expect(panel.getByRole("img")).toHaveAccessibleName(/answers (is|are) |^All/);
  await expect(page.getByRole("region", { name: "Retrieval" })).toContainText("Answer in context");

  await page.goto(`/compare/?ids=${ids.join(",")}`);
  const table = page.getByRole("table", { name: "Answer attribution, side by side" });
  await expect(table.getByRole("row")).toHaveCount(5);
  await expect(table.getByRole("row").nth(1)).toContainText(/Supported.*%.*%/s);
  await expect(page.getByRole("rowheader", { name: /^Answer in context/ })).toBeVisible();
  expect(problems).toEqual([]);
});

test("the form has the fields of retrieval, and errors at their fields", async ({ page }) => {
  await page.goto("/experiments/new/?model=mock/hash&dataset=trivia_qa");
  await expect(page.getByText(/^As sent, user/)).toBeVisible();
  await page.getByLabel("Method", { exact: true }).selectOption({ label: "RAG" });
  const base = page.getByLabel("Knowledge base", { exact: true });
  await expect(base).toHaveValue("encyclopedia");
  await expect(base.getByRole("option", { name: "encyclopedia" })).toHaveCount(1);
  await expect(page.getByLabel("Chunk tokens")).toHaveCount(0);

  const details = page.getByRole("button", { name: /^Details/ });
  await expect(details).toContainText("all at their defaults");
  await details.click();
  await expect(page.getByLabel("Chunk tokens")).toHaveAttribute("placeholder", "256");
  await page.getByLabel("Chunk overlap").fill("200");
  await expect(page.getByLabel("Chunk overlap")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByText("must be at most half of chunk_tokens (256)")).toBeVisible();
  await details.click(); // a field with an error stays visible
  await expect(page.getByLabel("Chunk overlap")).toBeVisible();
  await page.getByLabel("Chunk overlap").fill("20");
  await expect(details).toContainText("1 changed");

  await page.getByLabel("Faithfulness judge").selectOption({ label: "Language model" });
  await expect(page.getByLabel("Judge model")).toHaveAttribute("aria-invalid", "true");
  await page.getByLabel("Judge model").fill("mock/echo");
  await expect(page.getByLabel("Judge model")).not.toHaveAttribute("aria-invalid", "true");
  await expect(page.getByLabel("YAML", { exact: true })).toHaveValue(/faithfulness:\n {2}judge: llm\n {2}model: mock\/echo/);
  await page.getByLabel("Faithfulness judge").selectOption({ label: "None" });
  await expect(page.getByLabel("YAML", { exact: true })).not.toHaveValue(/faithfulness/);
});
