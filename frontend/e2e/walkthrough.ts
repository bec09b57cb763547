import { readFileSync, statSync } from "node:fs";
import path from "node:path";

import { parse } from "yaml";

import { Film, needFfmpeg } from "./film";
import { expect, test } from "./fixtures";

// The documentation's film, from a new platform with the bundled model: npm run walkthrough.
// It does by hand what the demo does, with the demo's configuration.

const PROJECT = path.resolve(import.meta.dirname, "../..");
const IMAGES = path.join(PROJECT, "docs/images");
const DEMO = path.join(PROJECT, "configs/experiments/worked_examples.yaml");
const MOST_BYTES = 5_000_000;
const GIF_WIDTH = 960;
const RUN_MS = 1_800_000; // of the demo's model on a busy machine
const SHOWN_MS = 240_000; // of a page, there
const READ_MS = 3_000; // that a new caption stays
const LAPSE_FRAMES = 24;
const LAPSE_MS = 240;

interface Comparison {
  base: Record<string, unknown> & { dataset: { n: number } };
  variants: { method: object }[];
}

test.use({ trace: "off" });

test("the walkthrough", async ({ page, api, problems }, { outputDir }) => {
  test.setTimeout(3 * RUN_MS);
  needFfmpeg();
  page.setDefaultTimeout(SHOWN_MS);
  const seen = expect.configure({ timeout: SHOWN_MS });
  const { base, variants } = parse(readFileSync(DEMO, "utf8")) as Comparison;
  const [bare] = variants;
  const first = await api.create("Bare question", { ...base, method: bare?.method, cache: true });
  await api.start(first.id);
  expect((await api.ended(first.id, RUN_MS)).status).toBe("COMPLETED");
  const film = new Film(page, path.join(outputDir, "film"));
  const run = page.getByRole("region", { name: "Run", exact: true });
  const completed = page.getByRole("main").getByText("Completed", { exact: true }).first();

  film.caption(`A small model was asked ${base.dataset.n} trivia questions. Would worked examples in the prompt help?`);
  await page.goto(`/experiments/view/?id=${first.id}`);
  await seen(completed).toBeVisible();
  await seen(run).toContainText("Accepted");
  await film.show(READ_MS + 1_000);
  await film.press(page.getByRole("link", { name: "Clone" }));

  film.caption("1 · Create: the same model, questions and seed; only the method changes");
  await seen(page.getByText(/^As sent, user/)).toBeVisible();
  await film.show(READ_MS);
  const method = page.getByLabel("Method", { exact: true });
  await film.press(method, () => method.selectOption({ label: "Chain of thought" }));
  const shots = page.getByLabel("Shots", { exact: true });
  await seen(shots).toBeVisible();
  await film.show(600);
  await film.write(shots, "3");
  await film.write(page.getByLabel("Name", { exact: true }), "Worked examples");
  await seen(page.getByText(/^As sent, assistant/).first()).toBeVisible();
  film.caption("Before it runs: the prompt as it will be sent, and how many calls and tokens it takes");
  await film.scrollTo(page.getByRole("heading", { level: 1 }));
  await film.show(READ_MS);
  await film.press(page.getByRole("button", { name: "Create and run" }));

  film.caption("2 · Run and watch: each answer is stored and scored as it comes (waiting cut)");
  await seen(page.getByRole("heading", { name: "Worked examples", level: 1 })).toBeVisible();
  await seen(page.getByRole("progressbar", { name: "Progress", exact: true })).toBeVisible();
  await film.lapse(() => completed.isVisible(), LAPSE_FRAMES, LAPSE_MS);

  film.caption("3 · Results: every score with its 95 % interval");
  await seen(run).toContainText("Accepted");
  await film.show(READ_MS);
  film.caption("Every answer can be opened: the prompt as sent, the raw output, how it was scored");
  await film.scrollTo(page.getByRole("heading", { name: "All runs" }), 90);
  await film.show(600);
  await film.press(page.getByRole("button", { name: /^Wrong \d+$/ }));
  await film.show(READ_MS);
  await film.press(page.getByRole("link", { name: "Compare" }).last());

  film.caption("4 · Compare: is the difference real?");
  const add = page.getByRole("combobox", { name: "Add an experiment" });
  await film.press(add);
  const option = page.getByRole("option", { name: /Bare question/ });
  await seen(option).toBeVisible();
  await film.show(500);
  await film.press(option);
  await add.blur();
  await seen(page.getByRole("table", { name: "Metrics side by side" })).toBeVisible();
  await film.press(page.getByRole("button", { name: "Make baseline" }));
  await seen(page.getByRole("img", { name: /^B, Worked examples: \+/ })).toBeVisible();
  film.caption("The verdict: the same questions paired, the difference with its interval, an exact test");
  await film.scrollTo(page.getByRole("heading", { name: "Compare", level: 1 }));
  await film.show(READ_MS + 3_000);
  film.caption("Question by question: what one prompt got right and the other did not");
  const outcome = page.getByRole("button", { name: "Only B right" });
  await film.scrollTo(page.getByRole("heading", { name: "Question by question" }), 90);
  await film.press(outcome);
  await seen(outcome).toHaveAttribute("aria-pressed", "true");
  await film.show(600);
  const row = page.getByRole("listitem").getByRole("button", { expanded: false }).first();
  await film.press(row);
  await film.show(READ_MS + 2_000);

  expect(problems).toEqual([]);
  const gif = path.join(IMAGES, "walkthrough.gif");
  film.save(path.join(IMAGES, "walkthrough.mp4"), gif, GIF_WIDTH);
  expect(statSync(gif).size).toBeLessThan(MOST_BYTES);
  console.log(`${film.seconds.toFixed(0)} s, GIF of ${(statSync(gif).size / 1e6).toFixed(1)} MB`);
});
