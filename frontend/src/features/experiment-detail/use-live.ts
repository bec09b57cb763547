import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { followExperiment } from "@/lib/api/events";
import { experimentQueries, resultQueries } from "@/lib/api/queries";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;

/**
 * Keeps status and progress of an experiment up to date while it is `live`, by its event stream.
 *
 * `setStreaming` is called with whether the stream is connected; while it is not, the page has to poll.
 */
export function useLive(id: string, live: boolean, setStreaming: (streaming: boolean) => void): void {
  const client = useQueryClient();
  const wasLive = useRef(false);

  useEffect(() => {
    if (!live) return;
    const controller = new AbortController();
    const { signal } = controller;
    const follow = async () => {
      let wait = FIRST_WAIT_MS;
      while (!signal.aborted) {
        try {
          await followExperiment(
            id,
            (event) => {
              wait = FIRST_WAIT_MS;
              setStreaming(true);
              client.setQueryData(experimentQueries.detail(id).queryKey, (before) => before && { ...before, ...event });
            },
            signal,
          );
        } catch {
          // The stream broke; it is opened again below, after a while.
        }
        if (signal.aborted) return;
        setStreaming(false);
        await new Promise((resolve) => setTimeout(resolve, wait));
        wait = Math.min(LONGEST_WAIT_MS, wait * 2);
      }
    };
    void follow();
    return () => {
      controller.abort();
      setStreaming(false);
    };
  }, [id, live, client, setStreaming]);

  useEffect(() => {
    if (live) {
      wasLive.current = true;
    } else if (wasLive.current) {
      wasLive.current = false;
      void client.invalidateQueries({ queryKey: experimentQueries.all });
      void client.invalidateQueries({ queryKey: resultQueries.of(id) });
    }
  }, [live, id, client]);
}
