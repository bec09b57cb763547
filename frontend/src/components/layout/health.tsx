"use client";

import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { Link } from "@/components/ui/link";
import { Tooltip } from "@/components/ui/tooltip";
import { ApiError } from "@/lib/api/errors";
import { isWaking } from "@/lib/api/health";
import { systemQueries } from "@/lib/api/queries";
import { cn } from "@/lib/utils";

// The API asks Redis, whose host may count commands; a hidden tab asks nothing.
const POLL_MS = 30_000;
const DEGRADED_POLL_MS = 15_000;
const OUTAGE_POLL_MS = 1_500;
/** A server that wakes up may let the request wait instead of refusing it. */
const SLOW_MS = 4_000;

/** The health of the platform; polled faster during an outage, so that the page recovers soon. */
export function useHealth() {
  const query = useQuery({
    ...systemQueries.health(),
    refetchInterval: ({ state: { status, data } }) => {
      if (status === "error" || data?.status === "down") return OUTAGE_POLL_MS;
      return data?.status === "degraded" ? DEGRADED_POLL_MS : POLL_MS;
    },
    refetchIntervalInBackground: false,
    refetchOnWindowFocus: true,
  });
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    if (!query.isFetching) return;
    const timer = setTimeout(setSlow, SLOW_MS, true);
    return () => {
      clearTimeout(timer);
      setSlow(false);
    };
  }, [query.isFetching]);
  // A query that never had data forgets its error while it asks again; the notice stays until there is an answer.
  const [lastError, setLastError] = useState<Error | null>(null);
  useEffect(() => {
    if (query.error) setLastError(query.error);
    else if (query.data) setLastError(null);
  }, [query.error, query.data]);
  const error = query.error ?? (query.data ? null : lastError);
  return {
    health: query.error || slow ? undefined : query.data,
    error: error instanceof ApiError ? error : null,
    slow,
    /** Whether the API has answered since the page was loaded. */
    answered: query.data !== undefined,
  };
}

const dots = { ok: "bg-good", degraded: "bg-warn", waking: "bg-info", down: "bg-bad", unknown: "bg-muted/40" } as const;
const words = { ok: "All components work", degraded: "Degraded", waking: "Waking up", down: "Down", unknown: "Checking…" } as const;

export function HealthDot() {
  const { health, error, slow } = useHealth();
  const away = slow || error?.unreachable === true;
  const waking = slow || error?.waking === true || (health !== undefined && isWaking(health.database));
  const state = waking ? "waking" : away ? "down" : (health?.status ?? "unknown");
  return (
    <Tooltip content={away ? "The API does not answer" : words[state]}>
      <Link
        href="/#health"
        aria-label={`Health: ${away ? "the API does not answer" : words[state].toLowerCase()}`}
        className="flex size-7 items-center justify-center rounded-full hover:bg-line/60"
      >
        <span aria-hidden="true" className={cn("size-2 rounded-full", dots[state])} />
      </Link>
    </Tooltip>
  );
}
