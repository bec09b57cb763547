import boundaries from "eslint-plugin-boundaries";
import tseslint from "typescript-eslint";

const hexColour = "Literal[value=/#[0-9a-fA-F]{3,8}\\b/], TemplateElement[value.raw=/#[0-9a-fA-F]{3,8}\\b/]";

/** The elements of the source, by folder. Each feature and each subject is an element of its own. */
const elements = {
  app: "src/app",
  feature: "src/features/*",
  layout: "src/components/layout",
  // Components that show things of the domain: an experiment, a run, …
  subject: "src/components/{data,experiment,retrieval,run}",
  charts: "src/components/charts",
  text: "src/components/text",
  ui: "src/components/ui",
  lib: "src/lib",
};

/** What each of them may import, besides itself. No feature imports another: what two need belongs to components or lib. */
const mayImport = {
  app: ["feature", "layout", "subject", "charts", "text", "ui", "lib"],
  feature: ["layout", "subject", "charts", "text", "ui", "lib"],
  layout: ["ui", "lib"],
  subject: ["layout", "charts", "text", "ui", "lib"],
  charts: ["ui", "lib"],
  text: ["ui", "lib"],
  ui: ["lib"],
  lib: [],
};

const parentFolder = { regex: "^\\.\\.(/|$)", message: "Import from another folder by its @/ name." };
const nextLink = { name: "next/link", message: "Use @/components/ui/link, which does not prefetch." };

export default tseslint.config(
  { ignores: ["node_modules/", ".next/", "out/", "next-env.d.ts", "src/lib/api/v1.d.ts", "test-results/", "playwright-report/"] },
  ...tseslint.configs.strict,
  {
    files: ["**/*.{ts,tsx}"],
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "max-lines": ["error", { max: 250 }],
      "no-restricted-syntax": [
        "error",
        { selector: hexColour, message: "Colours are tokens (src/app/globals.css), never hex in a component." },
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: "Model output is untrusted: render it as text.",
        },
      ],
      "no-restricted-exports": ["error", { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } }],
      "no-restricted-imports": ["error", { paths: [nextLink], patterns: [parentFolder] }],
    },
  },
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { boundaries },
    settings: {
      "boundaries/elements": Object.entries(elements).map(([type, pattern]) => ({ type, pattern })),
      "import/resolver": { typescript: { project: "tsconfig.json" } },
    },
    rules: {
      // A file or an import that belongs to no element would pass every other rule.
      "boundaries/no-unknown-files": "error",
      "boundaries/no-unknown-dependencies": "error",
      "boundaries/dependencies": [
        "error",
        {
          default: "disallow",
          policies: [
            { allow: { to: { module: { origin: ["external", "core"] } } } },
            ...Object.entries(mayImport).map(([type, types]) => ({
              from: { element: { type } },
              allow: { to: { element: { types: { anyOf: types } } } },
            })),
          ],
        },
      ],
    },
  },
  // The one file that wraps next/link.
  { files: ["src/components/ui/link.tsx"], rules: { "no-restricted-imports": ["error", { patterns: [parentFolder] }] } },
  { files: ["**/*.tsx"], rules: { "max-lines-per-function": ["error", { max: 200 }] } },
  {
    // Next.js and tools ask for default exports here.
    files: ["src/app/**/*.tsx", "*.config.{ts,mjs}"],
    rules: { "no-restricted-exports": "off" },
  },
);
