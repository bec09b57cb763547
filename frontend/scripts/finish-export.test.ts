import { describe, expect, it } from "vitest";

import { withoutInlineScripts } from "./finish-export.mjs";

const PAGE =
  '<!DOCTYPE html><html><head><script src="/a.js" async=""></script><script>one("$& </b>")</script></head>' +
  '<body><p>text</p><script id="_R_">two();</script><script src="/b.js" async=""></script><script>three()</script></body></html>';

describe("withoutInlineScripts", () => {
  it("moves the code into one file, in order, after the content", () => {
    const { page, file, code } = withoutInlineScripts(PAGE);
    expect(code).toBe('one("$& </b>");\ntwo();\nthree();');
    expect(file).toMatch(/^_next\/static\/inline\/[0-9a-f]{16}\.js$/);
    expect(page).toBe(
      '<!DOCTYPE html><html><head><script src="/config.js"></script><script src="/a.js" async=""></script></head>' +
        `<body><p>text</p><script src="/b.js" async=""></script><script src="/${file}"></script></body></html>`,
    );
  });

  it("names the file by its content", () => {
    expect(withoutInlineScripts(PAGE).file).toBe(withoutInlineScripts(PAGE.replace("text", "other")).file);
    expect(withoutInlineScripts(PAGE).file).not.toBe(withoutInlineScripts(PAGE.replace("two", "other")).file);
  });

  it("refuses what it cannot move", () => {
    expect(() => withoutInlineScripts(PAGE.replace('id="_R_"', 'type="module"'))).toThrow("not plain JavaScript");
    expect(() => withoutInlineScripts("<p>text</p>")).toThrow("without <head>");
  });
});
