import { expect, type Page, test as base } from "@playwright/test";

import { Api } from "./api";
import { Stack } from "./stack";

interface Shared {
  stack: Stack;
  api: Api;
}

/** One platform for all tests; after a test that failed the rest get a new one. */
export const test = base.extend<{ troubles: string[] }, Shared>({
  stack: [
    // Playwright reads what a fixture needs from its parameter, which has to be a pattern, even of nothing.
    async ({}, use) => {
      const stack = await Stack.start();
      await use(stack);
      await stack.stop();
    },
    { scope: "worker", timeout: 90_000 },
  ],
  api: [async ({ stack }, use) => use(new Api(stack.url)), { scope: "worker" }],
  baseURL: async ({ stack }, use) => use(stack.url),
  // What a page must not do: write errors to the console, throw, or be refused by its own server.
  troubles: async ({ page }, use) => {
    const troubles: string[] = [];
    watch(page, troubles);
    await use(troubles);
  },
});

function watch(page: Page, troubles: string[]) {
  page.on("console", (message) => {
    if (message.type() === "error") troubles.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => troubles.push(`thrown: ${error.message}`));
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "";
    if (reason !== "net::ERR_ABORTED") troubles.push(`${reason} ${request.method()} ${request.url()}`); // aborted: by the page itself
  });
  page.on("response", (response) => {
    if (response.status() >= 400) troubles.push(`${response.status()} ${response.request().method()} ${response.url()}`);
  });
}

export { expect };
