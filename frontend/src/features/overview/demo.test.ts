import { readFileSync } from "node:fs";

import { expect, it } from "vitest";

import { fromYaml } from "@/lib/yaml";

import { demo } from "./demo";

it("is the demo of the command line", () => {
  const file = readFileSync(new URL("../../../../configs/experiments/demo.yaml", import.meta.url), "utf8");
  expect(demo.config).toEqual(fromYaml(file));
});
