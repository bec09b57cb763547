import { useRef } from "react";

import { useNow } from "@/lib/use-now";

/**
 * Seconds since the heartbeat has last changed, by the clock of this machine: those of browser and server may differ.
 *
 * @param live While false, the time stands still.
 */
export function useSilence(heartbeat: string | null, live: boolean): number {
  const now = useNow(live ? 1_000 : 3_600_000);
  const seen = useRef({ heartbeat, at: now });
  if (seen.current.heartbeat !== heartbeat) seen.current = { heartbeat, at: now };
  return live ? Math.max(0, (now - seen.current.at) / 1000) : 0;
}
