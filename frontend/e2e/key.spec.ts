import { readFile } from "node:fs/promises";

import { Api } from "./api";
import { expect, test } from "./fixtures";
import { Stack } from "./stack";

const KEY = "correct-horse-battery-staple";
const READING_KEY = "wrong-pony-charger-paperclip";

let stack: Stack;

test.beforeAll(async () => {
  test.setTimeout(90_000);
  stack = await Stack.start({ LLMFORGE_API_KEY: KEY, LLMFORGE_API_KEYS: `visitor:read:${READING_KEY}` });
});
test.afterAll(async () => stack.stop());

test("a platform with an API key asks for it and rejects another", async ({ page }) => {
  const api = new Api(stack.url, KEY);
  const { id } = await api.create("Behind a key", {
    model: "mock/gold?accuracy=0.7&latency_ms=120",
    concurrency: 2,
  });
  await page.goto(`${stack.url}/experiments/`);
  const dialog = page.getByRole("dialog", { name: "API key required" });
  await expect(dialog).toBeVisible();
  await expect(page.getByRole("link", { name: "Behind a key" })).toHaveCount(0);

  await dialog.getByLabel("API key").fill("wrong");
  await dialog.getByRole("button", { name: "Use this key" }).click();
  await expect(dialog.getByText("The server rejected this key.")).toBeVisible();
  await expect(page.getByRole("link", { name: "Behind a key" })).toHaveCount(0);

  await dialog.getByLabel("API key").fill(KEY);
  await dialog.getByRole("button", { name: "Use this key" }).click();
  await expect(dialog).toHaveCount(0);
  await page.getByRole("link", { name: "Behind a key" }).click();

  // The event stream is read with the key, too.
  const stream = page.waitForResponse((response) => response.url().endsWith(`${id}/events`));
  await page.getByRole("button", { name: "Start" }).click();
  expect((await stream).status()).toBe(200);
  const bar = page.getByRole("progressbar", { name: "Progress", exact: true });
  await expect.poll(async () => Number(await bar.getAttribute("aria-valuenow")), { intervals: [50] }).toBeGreaterThan(0);
  await expect(page.getByRole("main").getByText("Completed", { exact: true })).toBeVisible({ timeout: 15_000 });

  await page.getByRole("button", { name: "Export" }).click();
  const arrives = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "JSONL, one run per line" }).click();
  const file = await arrives;
  expect(file.suggestedFilename()).toBe(`experiment-${id}.jsonl`);
  expect((await readFile(await file.path(), "utf8")).trim().split("\n")).toHaveLength(40);

  // The browser keeps the key.
  await page.reload();
  await expect(page.getByRole("heading", { name: "Behind a key" })).toBeVisible();
  await expect(dialog).toHaveCount(0);
});

test("with a key that may only read, the dashboard says so and starts nothing", async ({ page }) => {
  const api = new Api(stack.url, KEY);
  const { id } = await api.create("Only to be looked at", { model: "mock/gold" });
  await page.addInitScript((key) => localStorage.setItem("llmforge.key", key), READING_KEY);
  await page.goto(`${stack.url}/experiments/view/?id=${id}`);
  await expect(page.getByText("Read only")).toBeVisible();
  await expect(page.getByRole("link", { name: /^New/ })).toHaveCount(0);
  await page.getByRole("button", { name: "Start" }).click();
  await expect(page.getByText("The API key 'visitor' may only read, and this changes or costs something.")).toBeVisible();
  expect((await api.get(id)).status).toBe("PENDING");
});
