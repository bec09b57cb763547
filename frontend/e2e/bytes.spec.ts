import { expect, test } from "./fixtures";

const SCRIPT_BUDGET_KB = 250;
const COMPRESSED_FROM = 1_000; // bytes; smaller answers are sent as they are

test(`the overview loads no more than ${SCRIPT_BUDGET_KB} kB of JavaScript`, async ({ page }) => {
  await page.goto("/");
  await expect(page.getByText(/^Version /)).toBeVisible();
  await page.waitForLoadState("networkidle");
  const scripts = await page.evaluate(() =>
    (performance.getEntriesByType("resource") as PerformanceResourceTiming[])
      .filter(({ name }) => new URL(name).pathname.endsWith(".js"))
      .map(({ encodedBodySize, decodedBodySize }) => ({ encodedBodySize, decodedBodySize })),
  );
  const kilobytes = scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0) / 1000;
  console.log(`JavaScript of the overview, compressed: ${kilobytes.toFixed(1)} kB in ${scripts.length} files`);
  expect(scripts.length).toBeGreaterThan(5);
  for (const { encodedBodySize, decodedBodySize } of scripts) {
    if (decodedBodySize >= COMPRESSED_FROM) expect(encodedBodySize).toBeLessThan(decodedBodySize);
  }
  expect(kilobytes).toBeLessThanOrEqual(SCRIPT_BUDGET_KB);
});
