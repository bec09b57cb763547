import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";

import type { Page } from "@playwright/test";

import { expect, test } from "./fixtures";
import { Stack } from "./stack";
import { StaticHost } from "./static-host";

// The dashboard on a host of static files, the API elsewhere: asleep, awake, and where it refuses the page.

const KEY = "correct-horse-battery-staple";

let host: StaticHost;
let port: number;
let stack: Stack | undefined;

const notice = (page: Page) => page.getByRole("status").filter({ hasText: /API/ });
const experiments = (page: Page) => page.getByRole("main").getByText("No experiments yet");
const site = (name = "127.0.0.1") => `http://${name}:${host.port}`;

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function wake(): Promise<void> {
  stack ??= await Stack.start({
    LLMFORGE_API_KEY: KEY,
    LLMFORGE_PORT: String(port),
    LLMFORGE_CORS_ORIGINS: site(),
    LLMFORGE_FRAME_ANCESTORS: site("localhost"),
    LLMFORGE_EPHEMERAL: "1",
  });
}

async function useKey(page: Page | ReturnType<Page["frameLocator"]>): Promise<void> {
  const dialog = page.getByRole("dialog", { name: "API key required" });
  await dialog.getByLabel("API key").fill(KEY);
  await dialog.getByRole("button", { name: "Use this key" }).click();
}

test.describe.configure({ timeout: 120_000 });
test.beforeAll(async () => {
  host = await new StaticHost().start();
  port = await freePort();
});
test.beforeEach(() => {
  host.api = `http://127.0.0.1:${port}`;
});
test.afterAll(async () => {
  host.stop();
  await stack?.stop();
});

test("an API that sleeps is waited for, and the page fills when it wakes", async ({ page }) => {
  await page.goto(`${site()}/experiments/`);
  await expect(notice(page)).toContainText("may be waking up");
  await expect(notice(page)).toContainText("This page fills by itself");
  await expect(page.getByText(/earlier data|from before/)).toHaveCount(0);
  const bar = page.getByRole("progressbar", { name: "Waking up" });
  await expect(bar).toHaveAttribute("aria-valuemax", "15");
  await expect.poll(async () => Number(await bar.getAttribute("aria-valuenow"))).toBeGreaterThan(1);
  await expect(page.getByText(/^\d+ s so far, usually up to 15 s/)).toBeVisible();

  await page.evaluate(() => Object.assign(globalThis, { sameDocument: true }));
  await wake();
  await useKey(page);
  await expect(experiments(page)).toBeVisible({ timeout: 10_000 });
  await expect(bar).toHaveCount(0);
  await expect(page.getByText("All data is lost when this platform restarts")).toBeVisible();
  expect(await page.evaluate(() => "sameDocument" in globalThis)).toBe(true);
});

test("an API that refuses this page says so, with the origin to add", async ({ page }) => {
  await wake();
  await page.goto(`${site("localhost")}/experiments/`);
  await expect(notice(page)).toContainText(`The API at ${host.api} works, but does not accept requests from pages of ${site("localhost")}.`);
  await expect(notice(page)).toContainText(`Add ${site("localhost")} to LLMFORGE_CORS_ORIGINS`);
  await expect(page.getByText("waking up")).toHaveCount(0);
});

test("the page that a proxy shows for a sleeping API is not taken for the API", async ({ page }) => {
  const proxy = createServer((_, response) => response.writeHead(503, { "content-type": "text/html" }).end("<h1>Preparing Space</h1>"));
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  try {
    host.api = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    await page.goto(`${site()}/experiments/`);
    await expect(notice(page)).toContainText("may be waking up");
    await expect(page.getByText("LLMFORGE_CORS_ORIGINS")).toHaveCount(0);
  } finally {
    proxy.close();
  }
});

test("without an API the dashboard asks for its address, and keeps it", async ({ page }) => {
  await wake();
  host.api = "";
  await page.goto(`${site()}/experiments/`);
  await expect(notice(page)).toContainText(`No LlmForge API answers at ${site()}, but something else.`);
  await page.getByRole("button", { name: "Change the API's address" }).click();
  const dialog = page.getByRole("dialog", { name: "Address of the API" });
  await dialog.getByLabel("Address").fill("javascript:alert(1)");
  await dialog.getByRole("button", { name: "Use this address" }).click();
  await expect(dialog.getByText("This is no address of a server")).toBeVisible();
  await dialog.getByLabel("Address").fill(`127.0.0.1:${port}/`);
  await dialog.getByRole("button", { name: "Use this address" }).click();
  await useKey(page);
  await expect(experiments(page)).toBeVisible();
  await page.reload();
  await expect(experiments(page)).toBeVisible();
});

test("in a frame of another site the key is asked for, and works", async ({ page }) => {
  await wake();
  await page.goto(`${site("localhost")}/frame`);
  const frame = page.frameLocator("iframe");
  await useKey(frame);
  await expect(frame.getByRole("main").getByText("No experiments yet")).toBeVisible();

  // Any other site sees an empty frame.
  await page.goto(`${site()}/frame`);
  await expect(frame.getByRole("main")).toHaveCount(0);
});
