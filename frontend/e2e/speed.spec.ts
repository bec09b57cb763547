import type { Page } from "@playwright/test";

import { expect, test } from "./fixtures";

// The speed of the page of an experiment by its size. Times depend on the machine: they are printed, not asserted.

const SIZES = [100, 10_000] as const;

interface Figures {
  interactive: number;
  keys: number;
  row: number;
  score: number;
  nodes: number;
}

const grid = (page: Page) => page.getByRole("application", { name: /runs by/ });
const detail = (page: Page) => page.getByRole("region", { name: "Run", exact: true });

/** Has the page note how long each interaction took, from the event to the next paint. */
async function watchEvents(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const seen: number[] = [];
    Object.assign(window, { interactions: seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if ("interactionId" in entry && entry.interactionId) seen.push(entry.duration);
    }).observe({ type: "event", durationThreshold: 16 } as PerformanceObserverInit);
  });
}

/** The longest interaction in `act`, in milliseconds; entries come after the paint, so two frames are waited for. */
async function longest(page: Page, act: () => Promise<void>): Promise<number> {
  const read = () =>
    page.evaluate(async () => {
      for (let frame = 0; frame < 3; frame++) await new Promise((done) => requestAnimationFrame(done));
      await new Promise((done) => setTimeout(done, 50));
      return (window as unknown as { interactions: number[] }).interactions.splice(0);
    });
  await read();
  await act();
  return Math.max(0, ...(await read()));
}

/** Whether something is drawn in the upper left corner of the grid. */
async function painted(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const canvas = document.querySelector<HTMLCanvasElement>("[role=application] canvas");
    const pixels = canvas?.width ? canvas.getContext("2d")?.getImageData(0, 0, 20, 20).data : undefined;
    return pixels?.some((value) => value > 0);
  });
}

async function measure(page: Page, id: string): Promise<Figures> {
  await page.goto(`/experiments/view/?id=${id}`, { waitUntil: "commit" });
  await painted(page);
  await expect(detail(page)).toContainText("Accepted");
  const interactive = await page.evaluate(() => performance.now());

  await expect(page.getByRole("region", { name: "Slowest" }).getByRole("button").first()).toBeVisible();
  await grid(page).focus();
  const keys = await longest(page, async () => {
    for (const key of ["ArrowRight", "ArrowRight", "ArrowDown", "End", "ArrowUp", "Home", "n", "n"]) await page.keyboard.press(key);
  });
  const rows = page.locator("section", { has: page.getByRole("heading", { name: "Runs", exact: true }) }).getByRole("listitem");
  const row = await longest(page, () => rows.nth(3).getByRole("button").click());
  await expect(rows.nth(3).getByRole("button")).toHaveAttribute("aria-current", "true");
  const score = await longest(page, () => page.getByLabel("Score", { exact: true }).getByRole("radio", { name: "F1" }).click());
  await expect(page).toHaveURL(/score=f1/);
  await expect(page.getByRole("application", { name: /runs by f1/ })).toBeVisible();
  return { interactive, keys, row, score, nodes: await page.evaluate(() => document.querySelectorAll("*").length) };
}

test("10,000 runs make a page of no more elements than 100", async ({ page, api }) => {
  test.setTimeout(120_000);
  const lines = Array.from({ length: 10_000 }, (_, index) => ({
    question: `What is the number after ${index}?`,
    answer: String(index + 1),
  }));
  await api.upload("numbers", lines);
  await watchEvents(page);
  const figures: Figures[] = [];
  for (const n of SIZES) {
    const model = "mock/gold?accuracy=0.7&latency_ms=0";
    const { id } = await api.create(`${n} runs`, { model, dataset: { name: "numbers", n }, concurrency: 64 });
    await api.start(id);
    await expect.poll(async () => (await api.get(id)).status, { timeout: 90_000, intervals: [200] }).toBe("COMPLETED");
    if (n === SIZES[0]) await measure(page, id); // the first visit of all warms the browser up
    figures.push(await measure(page, id));
  }
  const [few, many] = figures as [Figures, Figures];
  console.table(
    Object.fromEntries(
      (
        [
          ["navigation to interactive, ms", "interactive"],
          ["longest key press in the grid, ms", "keys"],
          ["click on a row, ms", "row"],
          ["change of the score, ms", "score"],
          ["elements", "nodes"],
        ] as const
      ).map(([label, key]) => [
        label,
        { "100 runs": Math.round(few[key]), "10,000 runs": Math.round(many[key]), ratio: Number((many[key] / few[key]).toFixed(2)) },
      ]),
    ),
  );
  expect(many.nodes).toBeLessThan(few.nodes * 1.5);
});
