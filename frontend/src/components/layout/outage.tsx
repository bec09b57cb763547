"use client";

import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState, useSyncExternalStore } from "react";

import { Button } from "@/components/ui/button";
import { Progress } from "@/components/ui/progress";
import { API_URL } from "@/lib/api/address";
import { useNow } from "@/lib/use-now";
import { cn } from "@/lib/utils";

import { AddressDialog } from "./address-dialog";
import { useHealth } from "./health";
import { elapsedText, type Outage, outageOf } from "./outage-text";

/** What stands above every page: why there are no data, or that they will be lost. */
export function Notices() {
  const { health, error, slow, answered } = useHealth();
  const client = useQueryClient();
  const wasOut = useRef(false);
  const hasData = answered || client.getQueryCache().findAll().some(({ state }) => state.data !== undefined);
  const origin = typeof location === "undefined" ? "http://localhost" : location.origin;
  const outage = outageOf({ error, health, slow, api: API_URL || origin, elsewhere: API_URL !== "" && API_URL !== origin, hasData });
  const out = outage !== null;
  useEffect(() => {
    if (out) {
      wasOut.current = true;
    } else if (wasOut.current && health) {
      wasOut.current = false;
      void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "health" });
    }
  }, [out, health, client]);
  if (outage) return <OutageNotice key={outage.title} outage={outage} fromStart={!answered} />;
  if (health?.ephemeral) {
    return (
      <Notice tone="warn">
        <p>All data is lost when this platform restarts. Set DATABASE_URL to keep it.</p>
      </Notice>
    );
  }
  return null;
}

interface OutageNoticeProps {
  outage: Outage;
  /** Whether it has lasted since the page was loaded. */
  fromStart: boolean;
}

export function OutageNotice({ outage: { title, text, usualS, offersAddress }, fromStart }: OutageNoticeProps) {
  const [asks, setAsks] = useState(false);
  return (
    <Notice tone={usualS === null ? "warn" : "info"}>
      <div role="status">
        <p className="font-medium">{title}</p>
        <p className="text-muted [overflow-wrap:anywhere]">{text}</p>
      </div>
      {usualS !== null && <Elapsed usualS={usualS} fromStart={fromStart} />}
      {offersAddress && (
        <Button size="sm" onClick={() => setAsks(true)}>
          Change the API&apos;s address
        </Button>
      )}
      <AddressDialog open={asks} onOpenChange={setAsks} />
    </Notice>
  );
}

const never = () => () => undefined;

/** Seconds of an outage, beside what it takes as a rule. Not read out: it changes each second. */
function Elapsed({ usualS, fromStart }: { usualS: number; fromStart: boolean }) {
  const [since] = useState(() => (fromStart ? performance.timeOrigin : Date.now()));
  // A page that was rendered in the build knows no time, and begins in the browser as it was rendered.
  const isBrowser = useSyncExternalStore(never, () => true, () => false);
  const passedMs = useNow(1_000) - since;
  const seconds = isBrowser ? Math.max(0, Math.round(passedMs / 1_000)) : 0;
  return (
    <div className="flex w-full flex-col gap-1 sm:w-64">
      <Progress done={Math.min(seconds, usualS)} total={usualS} label="Waking up" className="bg-info/20" />
      <p aria-hidden="true" className="text-xs tabular-nums">
        {elapsedText(seconds, usualS)}
      </p>
    </div>
  );
}

function Notice({ tone, children }: { tone: "warn" | "info"; children: ReactNode }) {
  return (
    <div
      className={cn(
        "flex flex-wrap items-center gap-x-6 gap-y-2 border-b px-4 py-2 text-ink sm:justify-center",
        tone === "warn" ? "border-warn/25 bg-warn/8" : "border-info/25 bg-info/8",
      )}
    >
      {children}
    </div>
  );
}
