"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { Link } from "@/components/ui/link";
import { Tooltip } from "@/components/ui/tooltip";
import { ApiError } from "@/lib/api/errors";
import { systemQueries } from "@/lib/api/queries";
import { cn } from "@/lib/utils";

const CALM_MS = 15_000;
const WAITING_MS = 1_500;

/** Health, asked often while something is away, so that the page recovers within moments. */
function useHealth() {
  const health = useQuery({
    ...systemQueries.health(),
    refetchInterval: (query) =>
      query.state.status === "error" || query.state.data?.status === "down" ? WAITING_MS : CALM_MS,
    refetchOnWindowFocus: true,
  });
  const away = health.error instanceof ApiError && health.error.away;
  return { health: health.error ? undefined : health.data, away, down: !away && health.data?.status === "down" };
}

const dots = { ok: "bg-good", degraded: "bg-warn", down: "bg-bad", unknown: "bg-muted/40" } as const;
const words = { ok: "All parts work", degraded: "Degraded", down: "Down", unknown: "Asking…" } as const;

export function HealthDot() {
  const { health, away } = useHealth();
  const state = away ? "down" : (health?.status ?? "unknown");
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

/** Says that the API is away or down, goes by itself when it is back, and has every page ask again. */
export function HealthBanner() {
  const { health, away, down } = useHealth();
  const client = useQueryClient();
  const wasAway = useRef(false);
  useEffect(() => {
    if (away || down) {
      wasAway.current = true;
    } else if (wasAway.current && health) {
      wasAway.current = false;
      void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "health" });
    }
  }, [away, down, health, client]);
  if (!away && !down) return null;
  const broken = down && health ? [health.database, health.queue, health.workers].find((part) => part.state === "down") : null;
  return (
    <div role="status" className="border-b border-warn/30 bg-warn/10 px-4 py-2 text-center text-ink">
      {away
        ? "The LlmForge API does not answer; it may be waking up. What you see is from before. This page goes on by itself."
        : `${broken?.message ?? "A part of the platform is down."} Reading may still work. This notice goes by itself.`}
    </div>
  );
}
