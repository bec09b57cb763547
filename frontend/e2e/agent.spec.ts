import type { Page } from "@playwright/test";

import type { Api } from "./api";
import { expect, test } from "./fixtures";

const N = 4;

/** A model that writes these turns, one after the other. */
const writes = (...turns: string[]) => `mock/turns?${turns.map((turn) => `turn=${encodeURIComponent(turn)}`).join("&")}`;
const turn = (thought: string, action: string) => `Thought: ${thought}\nAction: ${action}`;

/** A call so long that its observation is collapsed. */
const long = `calculator[6 x 7${"-0".repeat(65)}]`; // a model's name has 500 characters at most
const models = {
  answers: writes(
    turn("By zero.", "calculator[2/0]"),
    "No idea.", // leads to a repair prompt
    turn("As asked.", long),
    turn("Look up.", "encyclopaedia[seven]"),
    turn("It is known.", "finish[42]"),
  ),
  stuck: writes(turn("Once more.", long)),
};

const react = (change: Record<string, unknown> = {}) => ({ name: "react", tools: ["calculator"], shots: 0, ...change });
const timeline = (page: Page) => page.getByRole("region", { name: "Trace" });
const steps = (page: Page) => timeline(page).getByRole("list", { name: "Steps" }).getByRole("listitem");
const panel = (page: Page) => page.locator("section", { has: page.getByRole("heading", { name: "Agent runs" }) });

test.describe.configure({ mode: "serial" });

const ids = { naive: "", answers: "", stuck: "" };

/** The address of the first run of an experiment. */
async function firstRun(api: Api, id: string): Promise<string> {
  const { items } = await api.runs(id);
  return `/experiments/view/?id=${id}&run=${items[0]?.id}`;
}

test.beforeAll(async ({ api }) => {
  const dataset = { name: "sums", n: N };
  await api.upload(
    dataset.name,
    Array.from({ length: N }, (_, index) => ({ question: `${index}: what is six times seven?`, answer: "42" })),
  );
  const run = async (name: string, change: Record<string, unknown>) => {
    const { id, status } = await api.run(name, { dataset, ...change });
    expect(status).toBe("COMPLETED");
    return id;
  };
  ids.naive = await run("Naive prompting", { model: models.answers });
  ids.answers = await run("An agent that answers", { model: models.answers, method: react() });
  ids.stuck = await run("An agent that is stuck", { model: models.stuck, method: react({ observation_tokens: 32 }) });
});

test("a run of an agent is shown step by step", async ({ page, api, problems }) => {
  await page.goto(await firstRun(api, ids.answers));
  await expect(steps(page)).toHaveCount(5);
  const trace = timeline(page);
  await expect(trace).toContainText("Answered");
  await expect(trace).toContainText("5 steps, 1 repair");
  await expect(trace).toContainText("The answer appears in the tool result of step 2.");
  await expect(trace.getByRole("list", { name: "Tool calls" }).getByRole("listitem")).toHaveText([
    "Calculator3: 1 used, 1 failed, 1 unused",
    "encyclopaedia1: 1 failed",
  ]);

  const [failed, source, end] = [steps(page).first(), steps(page).nth(1), steps(page).last()];
  await expect(failed).toContainText(/By zero\..*Calculator.*2\/0.*✗ failed, retry allowed.*Division by zero/s);
  await expect(source).toContainText("repaired");
  await expect(source).toContainText("✓ source of the answer");
  await expect(source).toContainText("✓ result used");
  await expect(source.locator("mark")).toHaveText("42");
  await expect(steps(page).nth(2)).toContainText(/result unused.*repeated.*not executed again/s);
  await expect(steps(page).nth(3)).toContainText(/encyclopaedia.*✗ failed.*There is no action encyclopaedia/s);
  await expect(end).toContainText(/It is known\..*Answer\s*42/s);
  await expect(timeline(page).locator("mark")).toHaveCount(1);

  // A long observation is collapsed.
  const shown = source.getByRole("button", { name: "Show all" });
  await expect(shown).toHaveAttribute("aria-expanded", "false");
  await shown.click();
  await expect(source.getByRole("button", { name: "Show less" })).toHaveAttribute("aria-expanded", "true");
  await expect(failed.getByRole("button", { name: "Show all" })).toHaveCount(0);
  expect(problems).toEqual([]);
});

test("steps link to the model calls, also by keyboard", async ({ page, api, problems }) => {
  await page.goto(await firstRun(api, ids.answers));
  const calls = page.getByRole("region", { name: "Model calls" });
  await expect(calls.getByRole("button", { name: /^Call \d step \d/ })).toHaveCount(6); // a repair is a call
  await expect(calls.getByRole("button", { expanded: true })).toHaveCount(0);
  await expect(calls.getByRole("button", { name: /^Call 3 step 2/ })).toContainText(/\d+ in, \d+ out · /);

  await steps(page).nth(1).getByRole("button", { name: "Call 3" }).click();
  const third = calls.getByRole("group", { name: "Prompt and response of call 3" });
  await expect(third).toBeFocused();
  await expect(third).toBeInViewport();
  await expect(third.getByRole("figure", { name: /^Prompt as sent, user/ }).last()).toContainText("No action was found");
  await expect(third.getByRole("figure", { name: /^Response/ })).toContainText("As asked.");

  // The list is one tab stop, within which keys move.
  await steps(page).first().focus();
  const at = async (place: number) => {
    await expect(steps(page).nth(place)).toBeFocused();
    await expect(steps(page).nth(place)).toHaveAttribute("aria-current", "step");
    await expect(timeline(page).locator("li[tabindex='0']")).toHaveCount(1);
  };
  for (const [key, place] of [["ArrowDown", 1], ["j", 2], ["k", 1], ["End", 4], ["ArrowDown", 4], ["ArrowUp", 3], ["Home", 0], ["j", 1]] as const) {
    await page.keyboard.press(key);
    await at(place);
  }
  const fold = steps(page).nth(1).getByRole("button", { name: /^Show/ });
  await page.keyboard.press("Enter");
  await expect(fold).toHaveAttribute("aria-expanded", "true");
  await page.keyboard.press(" ");
  await expect(fold).toHaveAttribute("aria-expanded", "false");
  await page.keyboard.press("Tab"); // into the step: its calls, then its observation
  await expect(steps(page).nth(1).getByRole("button", { name: "Call 2" })).toBeFocused();
  await page.keyboard.press("k");
  await at(0);
  await page.keyboard.press("c");
  await expect(calls.getByRole("group", { name: "Prompt and response of call 1" })).toBeFocused();
  expect(problems).toEqual([]);
});

test("a stuck agent shows why, and its final answer prompt", async ({ page, api }) => {
  await page.goto(await firstRun(api, ids.stuck));
  await expect(steps(page)).toHaveCount(4);
  await expect(timeline(page)).toContainText("Stuck");
  await expect(timeline(page)).toContainText(/calculator\[6 x 7.* was done 3 times\./);
  await expect(steps(page).first()).toContainText(/Truncated: \d+ more characters of the result were not shown to the model\./);
  await expect(steps(page).nth(2)).toContainText("repeated");
  await expect(steps(page).last()).toContainText("final answer prompt");
});

test("outcomes and tool calls of all runs are counted", async ({ page, problems }) => {
  await page.goto(`/experiments/view/?id=${ids.answers}`);
  const card = (label: string) => panel(page).getByRole("term").filter({ hasText: label }).locator("..");
  await expect(card("Gave an answer")).toContainText(/100\.0 %\s*\[\d+\.\d, 100\.0\], n = 4/);
  await expect(card("Stuck rate")).toContainText(/0\.0 %/);
  await expect(card("Mean steps per run")).toContainText(/5no interval, n = 4.*4 steps needed a repair prompt/s);
  await expect(panel(page).getByRole("region", { name: "Outcomes" }).getByRole("listitem")).toHaveText([/Answered.*4.*100\.0 %/]);
  const table = panel(page).getByRole("table", { name: "Tool calls by result" });
  await expect(table.getByRole("row")).toHaveText([/Tool.*Result used.*Failed.*Result unused.*All/, "Calculator44412", "encyclopaedia0404", "All48416"]);
  await expect(panel(page)).toContainText(/50\.0 % failed \[\d+\.\d, \d+\.\d\], n = 16/);

  await expect(card("Token ratio to naive")).toContainText(/\d×\[[\d.]+, [\d.]+\], n = 4/);
  await card("Token ratio to naive").getByRole("link", { name: "Naive prompting" }).click();
  await expect(page).toHaveURL(new RegExp(`/compare/\\?ids=${ids.naive},${ids.answers}$`));
  await expect(page.getByRole("main")).toContainText("· ReAct agent ·");

  await page.goto(`/experiments/view/?id=${ids.stuck}`);
  await expect(card("Stuck rate")).toContainText("100.0 %");
  await expect(card("Token ratio to naive")).toContainText("Run the naive method on the same questions");
  expect(problems).toEqual([]);
});

test("the form creates an agent, with retrieval fields only for the retrieval tool", async ({ page }) => {
  await page.goto(`/experiments/new/?model=${encodeURIComponent(models.answers)}&dataset=sums`);
  await expect(page.getByText(/^As sent, user/)).toBeVisible();
  await page.getByLabel("Method", { exact: true }).selectOption({ label: "ReAct agent" });
  const tools = page.getByRole("group", { name: "Tools" });
  const tool = (name: string) => tools.getByRole("checkbox", { name, exact: true });
  await expect(tool("Retrieval")).toBeChecked();
  await expect(tool("Calculator")).toBeChecked();
  await expect(tool("Wikipedia search")).not.toBeChecked();
  await expect(page.getByLabel("Knowledge base", { exact: true })).toBeVisible();
  await expect(page.getByLabel("Max iterations")).toHaveAttribute("placeholder", "5");

  await tool("Retrieval").click();
  await expect(page.getByLabel("Knowledge base", { exact: true })).toHaveCount(0);
  await expect(page.getByLabel("Top k")).toHaveCount(0);
  await expect(page.getByLabel("Faithfulness judge")).toHaveCount(0);
  await expect(tool("Calculator")).toBeDisabled(); // at least one tool is required
  const yaml = page.getByLabel("YAML", { exact: true });
  await expect(yaml).toHaveValue(/tools:\n {4}- calculator\n/);

  // Errors stand at their fields.
  await page.getByLabel("Form", { exact: true }).selectOption("grammar");
  await expect(page.getByLabel("Form", { exact: true })).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByText("has no feature grammar")).toBeVisible();
  await page.getByLabel("Form", { exact: true }).selectOption("text");
  await yaml.fill((await yaml.inputValue()).replace("- calculator", "- calculator\n    - abacus"));
  await expect(tools).toHaveAccessibleDescription(/Input should be/);
  await expect(tool("Abacus")).toBeChecked();
  await tool("Abacus").click();
  await expect(tools).not.toHaveAccessibleDescription(/Input should be/);

  await page.getByLabel("Shots").fill("0");
  await page.getByLabel("Name", { exact: true }).fill("An agent of the form");
  await expect(page.getByText(/^As sent, user/)).toBeVisible();
  await page.getByRole("button", { name: "Create and run" }).click();
  await expect(page.getByRole("heading", { name: "An agent of the form", level: 1 })).toBeVisible();
  await expect(page.getByRole("main").getByText("ReAct agent", { exact: true })).toBeVisible();
  await expect(steps(page)).toHaveCount(5, { timeout: 15_000 });
});

test("on a phone nothing is wider than the page", async ({ page, api }) => {
  await page.setViewportSize({ width: 375, height: 812 });
  await page.goto(await firstRun(api, ids.answers));
  await expect(steps(page)).toHaveCount(5);
  await expect(panel(page)).toBeVisible();
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(beyond).toBeLessThanOrEqual(0);
});
