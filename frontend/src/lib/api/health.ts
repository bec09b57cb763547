import { API_URL } from "./address";
import { api, type Schemas, unwrap } from "./client";
import { ApiError, isErrorBody } from "./errors";

const PATIENCE_MS = 20_000;
/** What a proxy answers while the server behind it starts. */
const STARTING = new Set([502, 503, 504]);

/**
 * The health of the platform. The API answers with status 503 and a body when a component is down: here that is data.
 *
 * @throws ApiError with the code `not_the_api` if something else answers, such as the host of the dashboard's files.
 */
export async function healthOf(signal: AbortSignal): Promise<Schemas["HealthOut"]> {
  const asked = api.GET("/health", { signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]) }).catch((error: unknown) => {
    if (error instanceof SyntaxError) throw notTheApi(); // a page where JSON should be
    throw error;
  });
  const received = asked.then(({ data, error, response }) => {
    const body: unknown = data ?? error;
    if (isHealth(body)) return { data: body, response: new Response() };
    if (!isErrorBody(body) && !STARTING.has(response.status)) throw notTheApi();
    return { error, response };
  });
  return unwrap(received);
}

/** Whether a part that is down comes back by itself, as a database that slept. */
export function isWaking({ details }: Schemas["PartHealth"]): boolean {
  return details.waking === true;
}

function isHealth(body: unknown): body is Schemas["HealthOut"] {
  return typeof body === "object" && body !== null && "database" in body;
}

function notTheApi(): ApiError {
  return new ApiError(404, {
    code: "not_the_api",
    message: `No LlmForge API answers at ${API_URL || location.origin}, but something else.`,
    hint: "Name the address of your API.",
  });
}
