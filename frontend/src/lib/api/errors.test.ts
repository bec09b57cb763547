import { describe, expect, it } from "vitest";

import { unwrap } from "./client";
import { ApiError, errorOf } from "./errors";

const body = { code: "invalid_input", message: "2 fields are wrong.", hint: "See.", errors: [{ field: "n", message: "too small" }] };

describe("errorOf", () => {
  it("keeps message, hint and fields", () => {
    const error = errorOf(422, body);
    expect(error).toMatchObject({ status: 422, message: "2 fields are wrong.", hint: "See.", fields: { n: "too small" } });
    expect(error.unreachable).toBe(false);
  });

  it("gives a proxy's page a readable message", () => {
    expect(errorOf(502, "<html>")).toMatchObject({ message: "The server answered with status 502.", unreachable: true });
  });
});

describe("ApiError", () => {
  it.each([
    [0, { code: "unreachable" }, { unanswered: true, waking: true, unreachable: true }],
    [0, { code: "origin_refused" }, { unanswered: true, waking: false, unreachable: true }],
    [503, {}, { unanswered: true, waking: true, unreachable: true }],
    [503, { code: "unavailable", message: "The search process has died." }, { unanswered: false, waking: false, unreachable: true }],
    [404, {}, { unanswered: false, waking: false, unreachable: false }],
  ])("of status %i, %o", (status, body, expected) => {
    expect(new ApiError(status, body)).toMatchObject(expected);
  });
});

describe("unwrap", () => {
  it("returns the data", async () => {
    expect(await unwrap(Promise.resolve({ data: 1, response: new Response() }))).toBe(1);
  });

  it("throws the server's error", async () => {
    const answer = Promise.resolve({ error: body, response: new Response("", { status: 422 }) });
    await expect(unwrap(answer)).rejects.toMatchObject({ status: 422 });
  });

  it("reports that the API cannot be reached", async () => {
    const error: unknown = await unwrap(Promise.reject(new TypeError("Failed to fetch"))).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 0, unreachable: true });
  });

  it("passes an abort on unchanged", async () => {
    await expect(unwrap(Promise.reject(new DOMException("", "AbortError")))).rejects.toBeInstanceOf(DOMException);
  });
});
