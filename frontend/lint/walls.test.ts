import path from "node:path";

import { ESLint } from "eslint";
import { describe, expect, it } from "vitest";

// Each rule of eslint.config.mjs that the project relies on, broken once on purpose: a rule that is switched off fails here.

const eslint = new ESLint({ cwd: path.resolve(import.meta.dirname, "..") });

/** The rules that `code` breaks as the content of `filePath`, which need not exist. */
async function broken(filePath: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(`${code}\n`, { filePath });
  return (result?.messages ?? []).map(({ ruleId, message }) => ruleId ?? message);
}

/** Made here of two parts, as this file is linted, too. */
const HEX = `#${"37322f"}`;
const IMPORTS = "boundaries/dependencies";

describe("what each folder may import", () => {
  it.each([
    ["a feature another feature", "src/features/datasets/x.ts", "@/features/compare/plots", "prepareForest"],
    ["a feature the pages", "src/features/datasets/x.ts", "@/app/not-found", "NotFound"],
    ["layout a feature", "src/components/layout/x.ts", "@/features/compare/plots", "prepareForest"],
    ["ui a feature", "src/components/ui/x.ts", "@/features/compare/plots", "prepareForest"],
    ["ui the pages", "src/components/ui/x.ts", "@/app/not-found", "NotFound"],
    ["ui other components", "src/components/ui/x.ts", "@/components/charts/histogram", "Histogram"],
    ["charts components of a subject", "src/components/charts/x.ts", "@/components/experiment/status-badge", "StatusBadge"],
    ["the layout components of a subject", "src/components/layout/x.ts", "@/components/experiment/status-badge", "StatusBadge"],
    ["components of a subject those of another", "src/components/run/x.ts", "@/components/data/file-drop", "FileDrop"],
    ["lib components", "src/lib/x.ts", "@/components/ui/badge", "Badge"],
    ["lib a feature", "src/lib/x.ts", "@/features/compare/plots", "prepareForest"],
    ["lib the pages", "src/lib/x.ts", "@/app/not-found", "NotFound"],
  ])("refuses %s", async (_, filePath, source, name) => {
    expect(await broken(filePath, `export { ${name} } from "${source}";`)).toEqual([IMPORTS]);
  });

  it("refuses them as types and as lazy imports, too", async () => {
    expect(await broken("src/lib/x.ts", 'export type { Point } from "@/features/compare/plots";')).toEqual([IMPORTS]);
    expect(await broken("src/lib/x.ts", 'export const load = () => import("@/features/compare/plots");')).toEqual([IMPORTS]);
  });

  it.each([
    ["the pages a feature", "src/app/x.ts", "@/features/compare/compare", "Compare"],
    ["a feature its own files", "src/features/compare/x.ts", "./plots", "prepareForest"],
    ["a feature components", "src/features/compare/x.ts", "@/components/ui/badge", "Badge"],
    ["components lib", "src/components/ui/x.ts", "@/lib/utils", "cn"],
    ["lib a library", "src/lib/x.ts", "yaml", "parse"],
  ])("allows %s", async (_, filePath, source, name) => {
    expect(await broken(filePath, `export { ${name} } from "${source}";`)).toEqual([]);
  });

  it("leaves no file and no import outside of the elements", async () => {
    expect(await broken("src/elsewhere/x.ts", "export const one = 1;")).toEqual(["boundaries/no-unknown-files"]);
    expect(await broken("src/lib/x.ts", 'export { Api } from "@/../e2e/api";')).toContain("boundaries/no-unknown-dependencies");
  });
});

describe.each(["src/app/x.tsx", "src/features/datasets/x.tsx", "src/components/ui/x.tsx", "src/components/layout/x.tsx", "src/lib/x.tsx"])("in %s", (filePath) => {
  it.each([
    ["no-restricted-imports", 'export { useLinkStatus } from "next/link";'],
    ["no-restricted-imports", 'export { cn } from "../../lib/utils";'],
    ["no-restricted-syntax", `export const colour = "${HEX}";`],
    ["no-restricted-syntax", `export const colour = (rest: string) => \`1px solid ${HEX} \${rest}\`;`],
    ["no-restricted-syntax", 'export const Text = ({ html }: { html: string }) => <p dangerouslySetInnerHTML={{ __html: html }} />;'],
    ["@typescript-eslint/no-explicit-any", "export const read = (value: any): string => String(value);"],
    ["@typescript-eslint/no-unused-vars", "const unused = 1;"],
    ["max-lines", "// a line\n".repeat(250)],
    ["max-lines-per-function", `export function long() {\n${"  void 0;\n".repeat(200)}}`],
  ])("%s stands (%#)", async (rule, code) => expect(await broken(filePath, code)).toContain(rule));
});

describe("exceptions", () => {
  it("default exports are for the pages alone", async () => {
    const code = "export default function Page() { return null; }";
    expect(await broken("src/app/x.tsx", code)).toEqual([]);
    for (const filePath of ["src/features/datasets/x.tsx", "src/components/ui/x.tsx", "src/lib/x.ts"]) {
      expect(await broken(filePath, code)).toEqual(["no-restricted-exports"]);
    }
  });

  it("next/link is for the one file that wraps it, which is bound by all else", async () => {
    expect(await broken("src/components/ui/link.tsx", 'export { useLinkStatus } from "next/link";')).toEqual([]);
    expect(await broken("src/components/ui/link.tsx", 'export { cn } from "../../lib/utils";')).toEqual(["no-restricted-imports"]);
  });
});
