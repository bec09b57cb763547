"use client";

import { useQuery } from "@tanstack/react-query";

import { Badge, type Tone } from "@/components/ui/badge";
import { Panel } from "@/components/ui/panel";
import { Skeleton } from "@/components/ui/skeleton";
import type { Schemas } from "@/lib/api/client";
import { isWaking } from "@/lib/api/health";
import { systemQueries } from "@/lib/api/queries";

const components = [
  ["database", "Database"],
  ["queue", "Queue"],
  ["workers", "Workers"],
  ["local_model", "Local model"],
] as const;

const tones: Record<Schemas["PartHealth"]["state"], Tone> = {
  ok: "good",
  degraded: "warn",
  down: "bad",
  idle: "plain",
  unknown: "plain",
};

/** The state of each component of the platform. */
export function HealthPanel() {
  const { data, isError } = useQuery(systemQueries.health());
  return (
    <Panel id="health" title="Health" hint={data ? `Version ${data.version}` : "Checking…"} flush>
      <ul className="grid sm:grid-cols-2 lg:grid-cols-4">
        {components.map(([key, label]) => {
          const part = isError ? undefined : data?.[key];
          return (
            <li key={key} className="-mt-px -ml-px min-h-21 border-t border-l px-4 py-3">
              <div className="flex items-center justify-between gap-2">
                <span className="font-medium text-ink">{label}</span>
                {part ? (
                  isWaking(part) ? (
                    <Badge tone="info">waking up</Badge>
                  ) : (
                    <Badge tone={tones[part.state]}>{part.state}</Badge>
                  )
                ) : isError ? (
                  <Badge>unknown</Badge>
                ) : (
                  <Skeleton className="h-5 w-12 rounded-full" />
                )}
              </div>
              <p className="mt-1 text-xs">{part?.message}</p>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
