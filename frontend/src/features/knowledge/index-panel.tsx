import { CircleAlert } from "lucide-react";

import { Badge, type Tone } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Panel } from "@/components/ui/panel";
import { Progress } from "@/components/ui/progress";
import { Skeleton } from "@/components/ui/skeleton";
import { Failure } from "@/components/ui/state";
import { ApiError } from "@/lib/api/errors";

import { describeIndex, type Index } from "./prepare";
import type { useIndex } from "./use-index";

const looks: Record<Index["state"], { label: string; tone: Tone }> = {
  absent: { label: "not built", tone: "plain" },
  building: { label: "building", tone: "info" },
  built: { label: "✓ built", tone: "good" },
  failed: { label: "✗ failed", tone: "bad" },
};

/** The state of the index of a version on this machine, and a button to build it. */
export function IndexPanel({ index, build }: ReturnType<typeof useIndex>) {
  const state = index.data?.state;
  const rejection = build.error;
  const problem = rejection ? rejection.message : state === "failed" ? index.data?.message : "";
  return (
    <Panel title="Index" hint="With the default chunking and embedding model.">
      {index.data && state ? (
        <div className="flex flex-col gap-3" aria-live="polite">
          <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
            <p className="num flex min-w-0 flex-1 basis-48 flex-wrap items-center gap-x-2 gap-y-1">
              <Badge tone={looks[state].tone}>{looks[state].label}</Badge>
              {describeIndex(index.data)}
            </p>
            {(state === "absent" || state === "failed") && (
              <Button size="sm" disabled={build.isPending} onClick={() => build.mutate()}>
                {build.isPending ? "Starting…" : state === "failed" || rejection ? "Try again" : "Build index"}
              </Button>
            )}
          </div>
          {state === "building" && <Progress done={index.data.done} total={index.data.total} label="Chunks embedded" className="h-2" />}
          {problem && (
            <p role="alert" className="flex gap-2 text-xs">
              <CircleAlert aria-hidden="true" className="mt-px size-3.5 shrink-0 text-bad" />
              <span className="min-w-0 [overflow-wrap:anywhere]">
                <span className="text-ink">{problem}</span> {rejection instanceof ApiError ? rejection.hint : ""}
              </span>
            </p>
          )}
        </div>
      ) : index.error ? (
        <Failure error={index.error} what="the state of the index" onRetry={() => void index.refetch()} />
      ) : (
        <Skeleton className="h-7" />
      )}
    </Panel>
  );
}
