import { describe, expect, it } from "vitest";

import { findReason, type Surroundings } from "./reach";

const API = "https://you-llmforge.hf.space";
const PAGE = "https://llmforge-4f2a-team.vercel.app";

/** A page on Vercel whose API on a Space sleeps: the host's own page answers, which is no image. */
function seen(change: Partial<Surroundings> & { loads?: boolean; reads?: boolean } = {}) {
  const asked: string[] = [];
  const probe = (answer: boolean) => (url: string) => {
    asked.push(url);
    return Promise.resolve(answer);
  };
  const { loads = false, reads = false, ...rest } = change;
  const at = { page: PAGE, api: API, online: true, imageLoads: probe(loads), answers: probe(reads), ...rest };
  return { at, asked };
}

describe("findReason", () => {
  it.each([
    ["an API that sleeps", {}, "unreachable"],
    ["an API that refuses this page", { loads: true }, "origin_refused"],
    ["an API that has just come back", { loads: true, reads: true }, "unreachable"],
    ["a browser without network", { online: false, loads: true }, "offline"],
    ["an API on this machine, which needs no network", { online: false, api: "", page: "http://127.0.0.1:8000" }, "unreachable"],
    ["an API by http for a page by https", { api: "http://lab.example:8000" }, "mixed_content"],
    ["an API on this machine, which browsers let pages ask", { api: "http://127.0.0.1:8000" }, "unreachable"],
    ["an API at the page's own address", { api: "", loads: true }, "unreachable"],
    ["the page's own address with a path", { api: `${PAGE}/lab`, loads: true }, "unreachable"],
    ["an address that only begins like the page's", { api: `${PAGE}.evil.example`, loads: true }, "origin_refused"],
  ])("tells %s", async (_, change, code) => {
    const error = await findReason(seen(change).at);
    expect(error).toMatchObject({ status: 0, code, unreachable: true, waking: code === "unreachable" });
  });

  it("says which setting to change, and to what", async () => {
    const { at, asked } = seen({ loads: true });
    const error = await findReason(at);
    expect(error.message).toContain(`does not accept requests from pages of ${PAGE}`);
    expect(error.hint).toContain(`Add ${PAGE} to LLMFORGE_CORS_ORIGINS`);
    expect(asked).toEqual([`${API}/health/live.svg`, `${API}/health/live`]);
  });

  it("asks nothing where the answer is known", async () => {
    for (const change of [{ online: false }, { api: "" }, { api: "http://lab.example" }]) {
      const { at, asked } = seen(change);
      await findReason(at);
      expect(asked).toEqual([]);
    }
  });
});
