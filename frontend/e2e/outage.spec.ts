import { expect, test } from "./fixtures";

test("after an outage of the API the page is still there, with fresh data", async ({ page, stack, api }) => {
  test.setTimeout(90_000);
  const { id } = await api.create("Through the outage", {
    model: "mock/gold?accuracy=0.7&latency_ms=400",
    concurrency: 2, // 40 calls: 8 seconds
  });
  await api.start(id);
  await page.goto(`/experiments/view/?id=${id}`);
  const banner = page.getByRole("status").filter({ hasText: "The LlmForge API does not answer" });
  const bar = page.getByRole("progressbar", { name: "Progress", exact: true });
  const done = async () => Number(await bar.getAttribute("aria-valuenow"));
  await expect.poll(done, { intervals: [50], timeout: 10_000 }).toBeGreaterThan(0);
  await expect(banner).toHaveCount(0);

  await stack.stopApi();
  const then = await done();
  try {
    await expect(banner).toBeVisible({ timeout: 20_000 });
    await expect(page.getByRole("link", { name: "Health: the API does not answer" })).toBeVisible();
    await expect(page.getByRole("heading", { name: "Through the outage" })).toBeVisible();
    expect(await done()).toBe(then); // what is on the page is from before
  } finally {
    await stack.startApi();
  }
  await expect(banner).toHaveCount(0, { timeout: 10_000 });

  // The worker has gone on meanwhile, and the page catches up with it.
  await expect(page.getByRole("main").getByText("Completed", { exact: true })).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole("button", { name: /^Wrong \d+$/ })).toBeVisible();
  await api.create("After the outage");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Experiments" }).click();
  await expect(page.getByRole("link", { name: "After the outage" })).toBeVisible();
});
