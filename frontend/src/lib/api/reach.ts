import { API_URL } from "./address";
import { ApiError } from "./errors";

/** What is known when a request has no answer, and how to find out more. */
export interface Surroundings {
  /** Origin of the page. */
  page: string;
  /** Address of the API; empty: the page's origin. */
  api: string;
  online: boolean;
  /** Whether an image loads. It does so without the permission that all other requests need. */
  imageLoads: (url: string) => Promise<boolean>;
  /** Whether a request from this page is answered. */
  answers: (url: string) => Promise<boolean>;
}

const PROBE_MS = 5_000;
const SHARED_MS = 1_000;
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Why there was no answer.
 *
 * Browsers report an API that sleeps, one that does not accept this page, and one they do not ask at all in the same way.
 * A host of a sleeping API may answer with a page of its own, so only the API's image tells that the API is there.
 */
export async function findReason({ page, api, online, imageLoads, answers }: Surroundings): Promise<ApiError> {
  const { protocol, hostname } = new URL(api || page);
  if (!online && !LOOPBACK.has(hostname)) {
    return failure("offline", "This browser is offline.", "The page goes on by itself when it is back.");
  }
  if (api === "" || api.startsWith(`${page}/`) || api === page) return asleep();
  if (protocol === "http:" && page.startsWith("https:") && !LOOPBACK.has(hostname)) {
    return failure(
      "mixed_content",
      `This page is served by https, so the browser does not ask the API at ${api}.`,
      "Serve the API by https, or open the dashboard that the API serves itself.",
    );
  }
  if ((await imageLoads(`${api}/health/live.svg`)) && !(await answers(`${api}/health/live`))) {
    return failure(
      "origin_refused",
      `The API at ${api} works, but does not accept requests from pages of ${page}.`,
      `Add ${page} to LLMFORGE_CORS_ORIGINS of the API, and restart it.`,
    );
  }
  return asleep();
}

function failure(code: string, message: string, hint: string): ApiError {
  return new ApiError(0, { code, message, hint });
}

function asleep(): ApiError {
  return failure("unreachable", "The LlmForge API does not answer.", "It may be waking up. This page goes on by itself.");
}

function here(): Surroundings {
  return {
    page: typeof location === "undefined" ? "http://localhost" : location.origin,
    api: API_URL,
    online: typeof navigator === "undefined" || navigator.onLine !== false,
    imageLoads: (url) =>
      new Promise((resolve) => {
        const image = new Image();
        setTimeout(resolve, PROBE_MS, false);
        image.onload = () => resolve(true);
        image.onerror = () => resolve(false);
        image.referrerPolicy = "no-referrer";
        image.src = `${url}?${Date.now()}`; // never from the browser's cache
      }),
    answers: (url) =>
      fetch(url, { cache: "no-store", signal: AbortSignal.timeout(PROBE_MS) }).then(
        () => true,
        () => false,
      ),
  };
}

let shared: Promise<ApiError> | null = null;

/** Why there was no answer; requests that fail at the same time find it out together. */
export function whyUnreachable(): Promise<ApiError> {
  shared ??= findReason(here()).finally(() => setTimeout(() => (shared = null), SHARED_MS));
  return shared;
}
