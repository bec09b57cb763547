import { describe, expect, it } from "vitest";

import type { Schemas } from "@/lib/api/client";
import { ApiError } from "@/lib/api/errors";

import { elapsedText, outageOf } from "./outage-text";

type Seen = Parameters<typeof outageOf>[0];

const part = (state: Schemas["PartHealth"]["state"], message = "") => ({ state, message, details: {} });
const health = (change: Partial<Schemas["HealthOut"]> = {}): Schemas["HealthOut"] => ({
  status: "ok",
  version: "1",
  ephemeral: false,
  guide: true,
  database: part("ok"),
  queue: part("ok"),
  workers: part("ok"),
  local_model: part("idle"),
  caller: null,
  ...change,
});
const failed = (code: string, status = 0) => new ApiError(status, { code, message: `said ${code}`, hint: "do this" });
const outage = (change: Partial<Seen>) =>
  outageOf({ error: null, health: undefined, slow: false, api: "https://you-llmforge.hf.space", elsewhere: true, hasData: false, ...change });

describe("outageOf", () => {
  it("is none while all is well, and while the first answer is awaited", () => {
    expect(outage({ health: health() })).toBeNull();
    expect(outage({})).toBeNull();
  });

  it("is none when a key is missing, which is asked for", () => {
    expect(outage({ error: failed("unauthorized", 401) })).toBeNull();
  });

  it.each([
    ["refused", { error: failed("unreachable") }],
    ["answered by a proxy", { error: failed("unknown", 503) }],
    ["left waiting", { slow: true }],
  ])("is a start when the request was %s", (_, change) => {
    expect(outage(change)).toMatchObject({ title: expect.stringContaining("may be waking up"), usualS: 60, offersAddress: true });
  });

  it("speaks of earlier data only where there are some", () => {
    expect(outage({ slow: true })?.text).not.toMatch(/earlier|before/);
    expect(outage({ slow: true, hasData: true })?.text).toContain("earlier data");
  });

  it("expects a program on this machine sooner than a container elsewhere", () => {
    expect(outage({ slow: true, api: "http://127.0.0.1:8000", elsewhere: false })).toMatchObject({ usualS: 15, offersAddress: false });
  });

  it.each([
    ["origin_refused", 0, true],
    ["mixed_content", 0, true],
    ["not_the_api", 404, true],
    ["offline", 0, false],
  ])("explains %s in its own words, and expects no start", (code, status, offersAddress) => {
    expect(outage({ error: failed(code, status) })).toEqual({ title: `said ${code}`, text: "do this", usualS: null, offersAddress });
  });

  it("waits for a database that wakes up", () => {
    const waking = health({ status: "down", database: { ...part("down", "Postgres is waking up."), details: { waking: true } } });
    expect(outage({ health: waking })).toMatchObject({ title: "Postgres is waking up.", usualS: 10, offersAddress: false });
  });

  it("names the part that is down", () => {
    const down = health({ status: "down", database: part("down", "Postgres does not answer.") });
    expect(outage({ health: down })).toMatchObject({ title: "Postgres does not answer.", usualS: null });
  });
});

describe("elapsedText", () => {
  it.each([
    [0, 60, "0 s so far, usually up to 60 s"],
    [60, 60, "60 s so far, usually up to 60 s"],
    [61, 60, "61 s so far, usually up to 60 s; the API's log may say why"],
    [125, 60, "2 min 5 s so far, usually up to 60 s; the API's log may say why"],
  ])("%i of %i s", (seconds, usual, text) => {
    expect(elapsedText(seconds, usual)).toBe(text);
  });
});
