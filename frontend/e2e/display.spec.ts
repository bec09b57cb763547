import { readFileSync } from "node:fs";

import type { Page } from "@playwright/test";

import { expect, test } from "./fixtures";

const html = (page: Page) => page.locator("html");
const paper = (page: Page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);

test("follows the system before anything else is loaded, and keeps a choice", async ({ page, problems }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await page.route(/_next\/static\/.*\.js/, (route) => route.abort()); // what a slow network has not brought yet
  await page.goto("/experiments/");
  await expect(html(page)).toHaveAttribute("data-theme", "dark");
  const dark = await paper(page);
  await page.unrouteAll();
  problems.length = 0;

  await page.goto("/");
  await page.getByRole("button", { name: "Display and notifications" }).click();
  await expect(page.getByRole("menuitemradio", { name: "As the system" })).toBeChecked();
  await page.getByRole("menuitemradio", { name: "Light" }).click();
  await expect(html(page)).toHaveAttribute("data-theme", "light");
  expect(await paper(page)).not.toBe(dark);
  await page.goto("/models/");
  await expect(html(page)).toHaveAttribute("data-theme", "light");

  await page.emulateMedia({ colorScheme: "light" });
  await page.getByRole("button", { name: "Display and notifications" }).click();
  await page.getByRole("menuitemradio", { name: "Dark" }).click();
  await expect(html(page)).toHaveAttribute("data-theme", "dark");
  await page.getByRole("menuitemradio", { name: "As the system" }).click();
  await expect(html(page)).toHaveAttribute("data-theme", "light");
  expect(problems).toEqual([]);
});

test("every chart of a page can be saved, and is light in the file", async ({ page, api }) => {
  const dataset = { name: "trivia_qa", n: 30 };
  const ids: string[] = [];
  for (const accuracy of [0.8, 0.4]) ids.push((await api.run(`Drawn ${accuracy}`, { model: `mock/gold?accuracy=${accuracy}&latency_ms=5&jitter_ms=30`, dataset })).id);
  await page.emulateMedia({ colorScheme: "dark" });
  for (const path of [`/experiments/view/?id=${ids[0]}`, `/compare/?ids=${ids.join(",")}`]) {
    await page.goto(path);
    await expect(page.getByRole("button", { name: /^Save .* as an image$/ }).nth(2)).toBeVisible();
    await expect(page.locator("section svg[role=img]").first()).toBeVisible();
    for (const chart of await page.locator("section").filter({ has: page.locator("svg[role=img]") }).all()) {
      const button = chart.getByRole("button", { name: /^Save .* as an image$/ }).first();
      await button.click();
      const saving = page.waitForEvent("download");
      await page.getByRole("menuitem", { name: "SVG" }).click();
      const svg = readFileSync(await (await saving).path(), "utf8");
      expect(svg).toMatch(/<rect width="100%" height="100%" fill="#f7f5f3"\/>/);
      expect(svg).not.toContain("var(--");
      if (svg.includes("<tspan")) expect(svg).toContain('overflow="visible"'); // labels of axes stand outside their own box
      expect(svg).not.toContain("rgb(104, 195, 254)"); // data-1 at night
    }
  }
  await expect(html(page)).toHaveAttribute("data-theme", "dark");
  await page.goto(`/experiments/view/?id=${ids[0]}`);
  await page.getByRole("button", { name: "Save All runs as an image" }).click();
  const saving = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "PNG" }).click();
  expect(readFileSync(await (await saving).path()).subarray(1, 4).toString()).toBe("PNG");
});

test("a hidden tab tells that an experiment has ended, if that was switched on", async ({ page, api, context }) => {
  await context.grantPermissions(["notifications"]);
  await page.addInitScript(() => {
    const told: string[] = [];
    function Told(title: string) {
      told.push(title);
    }
    const granted = { permission: "granted", requestPermission: () => Promise.resolve("granted") };
    Object.assign(window, { Notification: Object.assign(Told, granted), told });
  });
  const told = () => page.evaluate(() => (window as unknown as { told: string[] }).told);
  await page.goto("/models/");
  await page.getByRole("button", { name: "Display and notifications" }).click();
  await page.getByRole("menuitemcheckbox", { name: "When something ends" }).click();
  const { id } = await api.create("Watched", { model: "mock/gold?latency_ms=400", dataset: { name: "trivia_qa", n: 40 }, concurrency: 2 });
  await page.evaluate(() => Object.defineProperty(document, "hidden", { value: true }));
  await api.start(id);
  await api.ended(id);
  await expect.poll(told, { timeout: 15_000 }).toEqual(["Watched: completed"]);
});
