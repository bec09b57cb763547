import createClient from "openapi-fetch";

import { API_URL, apiKey } from "./address";
import { ApiError, errorOf } from "./errors";
import { whyUnreachable } from "./reach";
import type { components, paths } from "./v1";

export type Schemas = components["schemas"];

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
    if (error instanceof ApiError || (error instanceof DOMException && error.name === "AbortError")) throw error;
    throw await whyUnreachable();
  }
  if (!received.response.ok) throw errorOf(received.response.status, received.error);
  return received.data as T;
}
