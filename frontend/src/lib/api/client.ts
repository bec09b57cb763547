import createClient from "openapi-fetch";

import { unreachableError, errorOf } from "./errors";
import type { components, paths } from "./v1";

export type Schemas = components["schemas"];

/** Where the API is: the same origin, unless the build names another (`NEXT_PUBLIC_API_URL`). */
export const API_URL = (process.env.NEXT_PUBLIC_API_URL ?? "").replace(/\/$/, "");

const KEY = "llmforge.key";

/** The key that the user entered, for an API with `LLMFORGE_API_KEY`; stored in this browser only. */
export function apiKey(): string {
  return typeof localStorage === "undefined" ? "" : (localStorage.getItem(KEY) ?? "");
}

export function setApiKey(key: string): void {
  localStorage.setItem(KEY, key);
}

export function authHeaders(): Record<string, string> {
  const key = apiKey();
  return key ? { "x-api-key": key } : {};
}

export const api = createClient<paths>({
  baseUrl: API_URL,
  querySerializer: { array: { style: "form", explode: true } },
});

api.use({
  onRequest({ request }) {
    for (const [name, value] of Object.entries(authHeaders())) request.headers.set(name, value);
    return request;
  },
});

interface Result<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/**
 * The data of a response.
 *
 * @throws ApiError if there is no response, or it is an error.
 */
export async function unwrap<T>(result: Promise<Result<T>>): Promise<T> {
  let received: Result<T>;
  try {
    received = await result;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unreachableError();
  }
  if (!received.response.ok) throw errorOf(received.response.status, received.error);
  return received.data as T;
}
