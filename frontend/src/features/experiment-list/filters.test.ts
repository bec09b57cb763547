import { describe, expect, it } from "vitest";

import { withColumn } from "./columns";
import { currentView, isFiltered, listQuery, type ListState, pageRange, viewQuery } from "./filters";

const none: ListState = { text: "", status: [], method: "", model: "", dataset: "", tag: [], archived: "exclude", sort: "-created_at", score: "exact_match", columns: [], page: 1 };

describe("listQuery", () => {
  it("asks for the first page of all by default", () => {
    expect(listQuery(none)).toMatchObject({ offset: 0, limit: 25, method: [], status: [], sort: "-created_at" });
  });
  it("turns a page into an offset, and treats page 0 as the first", () => {
    expect(listQuery({ ...none, page: 3 }).offset).toBe(50);
    expect(listQuery({ ...none, page: 0 }).offset).toBe(0);
  });
  it("passes filters on as lists", () => {
    expect(listQuery({ ...none, model: "mock/echo", status: ["FAILED"] })).toMatchObject({ model: ["mock/echo"], status: ["FAILED"] });
  });
});

it("knows whether any filter is set", () => {
  expect([isFiltered(none), isFiltered({ ...none, sort: "name", page: 4 }), isFiltered({ ...none, text: "a" })]).toEqual([false, false, true]);
});

describe("views", () => {
  const state: ListState = { ...none, tag: ["pilot", "a b"], status: ["FAILED"], text: "x & y", page: 3 };
  it("keep all but the page and the defaults", () => {
    expect(viewQuery(none)).toBe("columns=");
    expect(Object.fromEntries(new URLSearchParams(viewQuery(state)))).toEqual({ tag: "pilot,a b", status: "FAILED", text: "x & y", columns: "" });
  });
  it("are found again by what they show, whatever the order and page", () => {
    const views = [{ query: "" }, { query: "columns=&text=x+%26+y&status=FAILED&tag=pilot%2Ca+b" }];
    expect(currentView(views, { ...state, page: 1 })).toBe(views[1]);
    expect(currentView(views, { ...state, archived: "only" })).toBeUndefined();
  });
});

it("describes the range of rows", () => {
  expect([pageRange(1, 25, 61), pageRange(3, 11, 61), pageRange(1, 0, 0)]).toEqual(["1–25 of 61", "51–61 of 61", ""]);
});

it("adds and removes columns, in their own order", () => {
  expect(withColumn(["cost_usd"], "latency_p50_ms", true)).toEqual(["latency_p50_ms", "cost_usd"]);
  expect(withColumn(["latency_p50_ms", "cost_usd"], "cost_usd", false)).toEqual(["latency_p50_ms"]);
});
