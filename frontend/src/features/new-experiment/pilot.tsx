"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { IfMayWrite } from "@/components/layout/read-only";
import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import type { Schemas } from "@/lib/api/client";
import { experimentHref, useCreateExperiment } from "@/lib/api/mutations";
import { experimentQueries } from "@/lib/api/queries";
import { hasEnded } from "@/lib/experiment-status";

const QUESTIONS = 20;
const POLL_MS = 1_500;
const NAME = 190; // characters of 200

interface PilotProps {
  body: Schemas["ExperimentCreate"];
  estimate: Schemas["EstimateOut"];
}

/** Offers to ask a few questions first, where nothing was measured: their answers are in the cache when the whole runs. */
export function Pilot({ body, estimate }: PilotProps) {
  const create = useCreateExperiment();
  const [id, setId] = useState("");
  const pilot = useQuery({
    ...experimentQueries.detail(id),
    enabled: id !== "",
    refetchInterval: ({ state }) => (state.data && hasEnded(state.data) ? false : POLL_MS),
  });
  const ended = pilot.data !== undefined && hasEnded(pilot.data);
  const client = useQueryClient();
  useEffect(() => {
    // What it has measured is in the next preview.
    if (ended) void client.invalidateQueries({ queryKey: [...experimentQueries.all, "preview"] });
  }, [client, ended]);
  if (estimate.measured_questions > 0 || estimate.questions <= QUESTIONS) return null;
  const { config } = body;
  const start = () =>
    create.mutate(
      { body: { ...body, config: { ...config, name: `${config.name.slice(0, NAME)} (pilot)`, dataset: { ...config.dataset, n: QUESTIONS } } }, run: true },
      { onSuccess: (created) => setId(created.id) },
    );
  return (
    <div className="flex flex-wrap items-center justify-between gap-2 border-t px-4 py-2 text-xs">
      <span>Nothing was measured with this model, method and dataset.</span>
      {id ? (
        <Link href={experimentHref(id)} className="underline underline-offset-3 hover:text-ink">
          {ended ? `The pilot ended: ${pilot.data.status.toLowerCase()}` : "The pilot runs"}
        </Link>
      ) : (
        <IfMayWrite>
          <Button size="sm" disabled={create.isPending} onClick={start} title="Their answers are in the cache when the whole experiment runs.">
            Ask {QUESTIONS} questions first
          </Button>
        </IfMayWrite>
      )}
    </div>
  );
}
