import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { followExperiment } from "@/lib/api/events";
import { experimentQueries, resultQueries } from "@/lib/api/queries";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;

/**
 * Keeps an experiment's status and progress true while it is `live`, by its event stream.
 *
 * `setHeard` is told whether the stream is heard; while it is not, the page has to ask by itself.
 */
export function useLive(id: string, live: boolean, setHeard: (heard: boolean) => void): void {
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
              setHeard(true);
              client.setQueryData(experimentQueries.detail(id).queryKey, (before) => before && { ...before, ...event });
            },
            signal,
          );
        } catch {
          // Broken off: asked for below, and followed again after a while.
        }
        if (signal.aborted) return;
        setHeard(false);
        await new Promise((resolve) => setTimeout(resolve, wait));
        wait = Math.min(LONGEST_WAIT_MS, wait * 2);
      }
    };
    void follow();
    return () => {
      controller.abort();
      setHeard(false);
    };
  }, [id, live, client, setHeard]);

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
