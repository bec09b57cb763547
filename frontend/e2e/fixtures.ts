import { expect, type Page, test as base } from "@playwright/test";

import { Api } from "./api";
import { Stack } from "./stack";

interface Shared {
  stack: Stack;
  api: Api;
}

/** One platform for all tests; after a failed test the rest get a new one. */
export const test = base.extend<{ problems: string[] }, Shared>({
  stack: [
    // Playwright requires a destructuring pattern here, even an empty one.
    async ({}, use) => {
      const stack = await Stack.start();
      await use(stack);
      await stack.stop();
    },
    { scope: "worker", timeout: 1_300_000 },
  ],
  api: [async ({ stack }, use) => use(new Api(stack.url)), { scope: "worker" }],
  baseURL: async ({ stack }, use) => use(stack.url),
  // Console errors, exceptions and failed requests of a page.
  problems: async ({ page }, use) => {
    const problems: string[] = [];
    watch(page, problems);
    await use(problems);
  },
});

function watch(page: Page, problems: string[]) {
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`thrown: ${error.message}`));
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "";
    if (reason !== "net::ERR_ABORTED") problems.push(`${reason} ${request.method()} ${request.url()}`); // aborted: by the page itself
  });
  page.on("response", (response) => {
    if (response.status() >= 400) problems.push(`${response.status()} ${response.request().method()} ${response.url()}`);
  });
}

export { expect };
