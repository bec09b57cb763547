import type { NextConfig } from "next";

// A static export: the API serves it at `/`, and any static host serves the same files.
const config: NextConfig = {
  output: "export",
  trailingSlash: true,
  images: { unoptimized: true },
  reactStrictMode: true,
  // What a build needs is installed without the test tools, so their files are not its to check.
  typescript: { tsconfigPath: "tsconfig.build.json" },
  turbopack: { root: import.meta.dirname },
};

export default config;
