import type { Schemas } from "@/lib/api/client";
import type { ApiError } from "@/lib/api/errors";
import { isWaking } from "@/lib/api/health";

/** What keeps the dashboard from its data. */
export interface Outage {
  title: string;
  text: string;
  /** Seconds after which it is over as a rule, as of a server that wakes up; null if it does not end by itself. */
  usualS: number | null;
  /** Whether another address of the API may be the way out. */
  offersAddress: boolean;
}

interface Seen {
  error: ApiError | null;
  health: Schemas["HealthOut"] | undefined;
  /** Whether the API has neither answered nor refused for some seconds. */
  slow: boolean;
  /** Address of the API. */
  api: string;
  /** Whether the API is at another origin than the page. */
  elsewhere: boolean;
  /** Whether the page shows data of before. */
  hasData: boolean;
}

/** Loading a Space that slept onto a machine, and the start of the program. */
const CONTAINER_S = 60;
const PROGRAM_S = 15;
const DATABASE_S = 10;
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** The outage that the requests of a page have met; null if there is none. */
export function outageOf({ error, health, slow, api, elsewhere, hasData }: Seen): Outage | null {
  if (error ? error.waking : slow) {
    return {
      title: "The LlmForge API does not answer; it may be waking up.",
      text: hasData ? "This page shows earlier data, and goes on by itself." : "This page fills by itself when it answers.",
      usualS: LOOPBACK.has(new URL(api).hostname) ? PROGRAM_S : CONTAINER_S,
      offersAddress: elsewhere,
    };
  }
  if (error) {
    const wrongAddress = error.code === "not_the_api";
    if (error.status !== 0 && !wrongAddress) return null; // such as a missing key, which is asked for
    const offersAddress = wrongAddress || (elsewhere && error.code !== "offline");
    return { title: error.message, text: error.hint, usualS: null, offersAddress };
  }
  return health ? ofParts(health) : null;
}

function ofParts({ status, database, queue, workers }: Schemas["HealthOut"]): Outage | null {
  if (isWaking(database)) {
    return { title: database.message, text: "This page goes on by itself.", usualS: DATABASE_S, offersAddress: false };
  }
  if (status !== "down") return null;
  const broken = [database, queue, workers].find(({ state }) => state === "down");
  return {
    title: broken?.message ?? "A component of the platform is down.",
    text: "Stored results may still be readable. This notice disappears when the problem is solved.",
    usualS: null,
    offersAddress: false,
  };
}

/** How long a start has taken, and how long it takes as a rule. */
export function elapsedText(seconds: number, usualS: number): string {
  const sofar = seconds < 100 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${sofar} so far, usually up to ${usualS} s${seconds > usualS ? "; the API's log may say why" : ""}`;
}
