// Moves the inline scripts of each exported page into a file of its own, and has each page read /config.js first.
// So one policy without exceptions, script-src 'self', allows all scripts of all pages on every host of static files.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const FOLDER = "_next/static/inline"; // below _next/static, whose files are kept for good by browsers
const INLINE = /<script(?![^>]*\ssrc=)([^>]*)>([\s\S]*?)<\/script>/g;

/** The page without inline scripts, and their code. */
export function withoutInlineScripts(html) {
  const codes = [];
  const rest = html.replace(INLINE, (_, attributes, code) => {
    if (/\stype=/.test(attributes)) throw new Error(`a script that is not plain JavaScript: <script${attributes}>`);
    codes.push(code.trim().replace(/;?$/, ";"));
    return "";
  });
  const code = codes.join("\n");
  const file = `${FOLDER}/${createHash("sha256").update(code).digest("hex").slice(0, 16)}.js`;
  if (!rest.includes("<head>") || !rest.includes("</body>")) throw new Error("a page without <head> or </body>");
  const page = rest
    .replace("<head>", () => '<head><script src="/config.js"></script>')
    .replace("</body>", () => `<script src="/${file}"></script></body>`);
  return { page, file, code };
}

/** Rewrites all pages of an export. */
function finish(out) {
  mkdirSync(path.join(out, FOLDER), { recursive: true });
  for (const name of readdirSync(out, { recursive: true }).filter((each) => each.endsWith(".html"))) {
    const { page, file, code } = withoutInlineScripts(readFileSync(path.join(out, name), "utf8"));
    writeFileSync(path.join(out, file), code);
    writeFileSync(path.join(out, name), page);
  }
}

if (process.argv[1] === import.meta.filename) finish(path.resolve(import.meta.dirname, "../out"));
