import { createParser } from "eventsource-parser";

import { API_URL } from "./address";
import { authHeaders, type Schemas } from "./client";

/** An event of the stream of an experiment (events are not part of the OpenAPI document). */
type ExperimentEvent = Pick<Schemas["ExperimentOut"], "status" | "reason" | "progress">;

/**
 * Follows an experiment until it ends or the stream breaks.
 *
 * Uses `fetch`, as `EventSource` cannot send the API key.
 *
 * @returns whether the stream ended normally.
 */
export async function followExperiment(
  id: string,
  onEvent: (event: ExperimentEvent) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const response = await fetch(`${API_URL}/api/v1/experiments/${id}/events`, {
    headers: { accept: "text/event-stream", ...authHeaders() },
    cache: "no-store",
    signal,
  });
  if (!response.ok || !response.body) return false;
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (event === "progress") onEvent(JSON.parse(data) as ExperimentEvent);
    },
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return true;
    parser.feed(value);
  }
}
