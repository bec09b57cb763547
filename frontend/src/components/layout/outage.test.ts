import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, expect, test, vi } from "vitest";

import { OutageNotice } from "./outage";

const outage = { title: "It wakes up", text: "Wait.", usualS: 75, offersAddress: false };

afterEach(() => {
  vi.useRealTimers();
});

test("what the build renders does not depend on the time, so that the browser begins with the same", () => {
  const rendered = [10_000, 20_000].map((passedMs) => {
    vi.useFakeTimers({ now: performance.timeOrigin + passedMs, toFake: ["Date"] });
    return renderToString(createElement(OutageNotice, { outage, fromStart: true }));
  });
  expect(rendered[0]).toContain("It wakes up");
  expect(rendered[1]).toBe(rendered[0]);
  expect(rendered[0]).toContain('aria-valuenow="0"');
});
