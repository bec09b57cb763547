import { existsSync } from "node:fs";

import { defineConfig } from "@playwright/test";

const SYSTEM_CHROMIUM = "/usr/bin/chromium";

// The tests use the built dashboard (frontend/out, or LLMFORGE_DASHBOARD_DIR): build it first.
export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results",
  workers: 1, // one platform serves all tests, one after the other
  retries: 0,
  timeout: 30_000,
  forbidOnly: Boolean(process.env.CI),
  reporter: "list",
  use: {
    viewport: { width: 1440, height: 900 },
    trace: { mode: "retain-on-failure", screenshots: false },
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM_PATH || (existsSync(SYSTEM_CHROMIUM) ? SYSTEM_CHROMIUM : undefined),
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  // The tests (npm run e2e), the speed with 10,000 runs (npm run speed), the documentation's pictures (npm run pictures) and film (npm run walkthrough).
  projects: [
    { name: "dashboard", testIgnore: "speed.spec.ts" },
    { name: "speed", testMatch: "speed.spec.ts" },
    { name: "pictures", testMatch: "screenshots.ts" },
    { name: "walkthrough", testMatch: "walkthrough.ts" },
  ],
});
