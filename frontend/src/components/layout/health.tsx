"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { Link } from "@/components/ui/link";
import { Tooltip } from "@/components/ui/tooltip";
import { ApiError } from "@/lib/api/errors";
import { systemQueries } from "@/lib/api/queries";
import { cn } from "@/lib/utils";

// The API asks Redis, whose host may count commands; a hidden tab asks nothing.
const POLL_MS = 30_000;
const DEGRADED_POLL_MS = 15_000;
const OUTAGE_POLL_MS = 1_500;

/** The health of the platform; polled faster during an outage, so that the page recovers soon. */
function useHealth() {
  const health = useQuery({
    ...systemQueries.health(),
    refetchInterval: ({ state }) => {
      if (state.status === "error" || state.data?.status === "down") return OUTAGE_POLL_MS;
      return state.data?.status === "degraded" ? DEGRADED_POLL_MS : POLL_MS;
    },
    refetchIntervalInBackground: false,
    refetchOnWindowFocus: true,
  });
  const unreachable = health.error instanceof ApiError && health.error.unreachable;
  return { health: health.error ? undefined : health.data, unreachable, down: !unreachable && health.data?.status === "down" };
}

const dots = { ok: "bg-good", degraded: "bg-warn", down: "bg-bad", unknown: "bg-muted/40" } as const;
const words = { ok: "All components work", degraded: "Degraded", down: "Down", unknown: "Checking…" } as const;

export function HealthDot() {
  const { health, unreachable } = useHealth();
  const state = unreachable ? "down" : (health?.status ?? "unknown");
  return (
    <Tooltip content={unreachable ? "The API does not answer" : words[state]}>
      <Link
        href="/#health"
        aria-label={`Health: ${unreachable ? "the API does not answer" : words[state].toLowerCase()}`}
        className="flex size-7 items-center justify-center rounded-full hover:bg-line/60"
      >
        <span aria-hidden="true" className={cn("size-2 rounded-full", dots[state])} />
      </Link>
    </Tooltip>
  );
}

/** A banner while the API is unreachable or down; once it is back, all queries are fetched again. */
export function HealthBanner() {
  const { health, unreachable, down } = useHealth();
  const client = useQueryClient();
  const wasDown = useRef(false);
  useEffect(() => {
    if (unreachable || down) {
      wasDown.current = true;
    } else if (wasDown.current && health) {
      wasDown.current = false;
      void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "health" });
    }
  }, [unreachable, down, health, client]);
  if (!unreachable && !down) return null;
  const broken = down && health ? [health.database, health.queue, health.workers].find((component) => component.state === "down") : null;
  return (
    <div role="status" className="border-b border-warn/30 bg-warn/10 px-4 py-2 text-center text-ink">
      {unreachable
        ? "The LlmForge API does not answer; it may be starting. This page shows earlier data and reconnects by itself."
        : `${broken?.message ?? "A component of the platform is down."} Stored results may still be readable. This notice disappears when the problem is solved.`}
    </div>
  );
}
