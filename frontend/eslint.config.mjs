import boundaries from "eslint-plugin-boundaries";
import tseslint from "typescript-eslint";

const hexColour = "Literal[value=/#[0-9a-fA-F]{3,8}\\b/], TemplateElement[value.raw=/#[0-9a-fA-F]{3,8}\\b/]";

export default tseslint.config(
  { ignores: ["node_modules/", ".next/", "out/", "next-env.d.ts", "src/lib/api/v1.d.ts", "test-results/", "playwright-report/"] },
  ...tseslint.configs.strict,
  {
    files: ["**/*.{ts,tsx}"],
    plugins: { boundaries },
    settings: {
      "boundaries/elements": [
        { type: "app", pattern: "src/app", mode: "folder" },
        { type: "feature", pattern: "src/features/*", mode: "folder", capture: ["name"] },
        { type: "components", pattern: "src/components", mode: "folder" },
        { type: "lib", pattern: "src/lib", mode: "folder" },
      ],
      "import/resolver": { typescript: true },
    },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "max-lines": ["error", { max: 250 }],
      "no-restricted-syntax": [
        "error",
        { selector: hexColour, message: "Colours are tokens (src/app/globals.css), never hex in a component." },
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: "What a model wrote is hostile text: render it as text.",
        },
      ],
      "no-restricted-exports": ["error", { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } }],
      "no-restricted-imports": [
        "error",
        {
          paths: [{ name: "next/link", message: "Use @/components/ui/link, which loads nothing ahead." }],
          patterns: [{ group: ["../*"], message: "Import from another folder by its @/ name." }],
        },
      ],
    },
  },
  {
    // One feature never knows another: what two need belongs to components or lib.
    files: ["src/{components,lib}/**/*.{ts,tsx}"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["@/features/*", "@/app/*"], message: "Shared code does not know features." }] },
      ],
    },
  },
  { files: ["src/components/ui/link.tsx"], rules: { "no-restricted-imports": "off" } },
  { files: ["**/*.tsx"], rules: { "max-lines-per-function": ["error", { max: 200 }] } },
  {
    // Next.js and tools ask for default exports here.
    files: ["src/app/**/*.tsx", "*.config.{ts,mjs}"],
    rules: { "no-restricted-exports": "off" },
  },
);
