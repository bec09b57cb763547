import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const PROJECT = path.resolve(import.meta.dirname, "../..");
const START_MS = 600_000; // on a machine that is busy with other things
const STOP_MS = 30_000;
const LOOK_EVERY_MS = 50;

/** Settings of the machine that would change the platform under test. */
const UNSET = ["DATABASE_URL", "REDIS_URL", "LLMFORGE_API_KEY", "LLMFORGE_API_KEYS", "LLMFORGE_CORS_ORIGINS", "LLMFORGE_ALLOWED_HOSTS"];

async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs: number): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`Timed out after ${withinMs / 1000} s: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** The whole platform (`llmforge up`), with a state folder of its own that is removed when it stops. */
export class Stack {
  private constructor(
    readonly url: string,
    readonly home: string,
    private readonly launcher: ChildProcess,
  ) {}

  static async start(settings: Record<string, string> = {}): Promise<Stack> {
    const home = mkdtempSync(path.join(tmpdir(), "llmforge-e2e-"));
    const log = openSync(path.join(home, "up.log"), "w");
    const launcher = spawn(path.join(PROJECT, ".venv/bin/llmforge"), ["up"], {
      cwd: PROJECT,
      stdio: ["ignore", log, log],
      env: {
        ...process.env,
        ...Object.fromEntries(UNSET.map((name) => [name, ""])),
        LLMFORGE_DASHBOARD_DIR: process.env.LLMFORGE_DASHBOARD_DIR ?? path.join(PROJECT, "frontend/out"),
        LLMFORGE_HOME: home,
        HF_HUB_OFFLINE: "1", // no downloads
        LLMFORGE_INDEX_DIR: path.join(home, "chromadb"), // no indexes of earlier runs
        LLMFORGE_HOST: "127.0.0.1",
        LLMFORGE_PORT: "0",
        ...settings,
      },
    });
    const state = path.join(home, "platform.json");
    try {
      await until(
        "llmforge up is ready",
        () => {
          if (launcher.exitCode !== null) throw new Error(`llmforge up ended with ${launcher.exitCode}.`);
          return existsSync(state) && readFileSync(state, "utf8").endsWith("}");
        },
        START_MS,
      );
      const { url } = JSON.parse(readFileSync(state, "utf8")) as { url: string };
      const stack = new Stack(url, home, launcher);
      await until("the API answers", () => stack.answers(), START_MS);
      return stack;
    } catch (error) {
      const told = readFileSync(path.join(home, "up.log"), "utf8");
      await new Stack("", home, launcher).stop();
      throw new Error(`${String(error)}\n${told}`, { cause: error });
    }
  }

  async stop(): Promise<void> {
    if (this.launcher.exitCode === null && this.launcher.signalCode === null) {
      const ended = once(this.launcher, "exit");
      this.launcher.kill("SIGCONT"); // in case a test has ended while the API was stopped
      this.launcher.kill("SIGINT");
      const giveUp = setTimeout(() => this.launcher.kill("SIGKILL"), STOP_MS);
      await ended;
      clearTimeout(giveUp);
    }
    rmSync(this.home, { recursive: true, force: true });
  }

  /** Stops the API alone: the supervisor, which would restart it, is paused first. */
  async stopApi(): Promise<void> {
    this.launcher.kill("SIGSTOP");
    const pid = execFileSync("pgrep", ["-P", String(this.launcher.pid), "-f", "uvicorn"], { encoding: "utf8" }).trim();
    process.kill(Number(pid), "SIGKILL");
    await until("the API has stopped", async () => !(await this.answers()), STOP_MS);
  }

  /** Continues the supervisor, which restarts the API. */
  async startApi(): Promise<void> {
    this.launcher.kill("SIGCONT");
    await until("the API answers again", () => this.answers(), START_MS);
  }

  private async answers(): Promise<boolean> {
    try {
      const { status } = await fetch(`${this.url}/health/live`);
      return status === 200 || status === 401;
    } catch {
      return false;
    }
  }
}
