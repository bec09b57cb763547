import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

export default defineConfig({
  // Not URL.pathname, which has %20 for a space in the name of a folder.
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  test: { include: ["src/**/*.test.ts", "lint/*.test.ts", "scripts/*.test.ts"], environment: "node" },
});
