import type { NextConfig } from "next";

// A static export: the API serves it at `/`, and any static host serves the same files.
const config: NextConfig = {
  output: "export",
  trailingSlash: true,
  images: { unoptimized: true },
  reactStrictMode: true,
  // A build installs no test tools, so it does not type-check the tests.
  typescript: { tsconfigPath: "tsconfig.build.json" },
  turbopack: { root: import.meta.dirname },
};

export default config;
