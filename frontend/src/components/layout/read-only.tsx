"use client";

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { Badge } from "@/components/ui/badge";
import { Tooltip } from "@/components/ui/tooltip";
import { systemQueries } from "@/lib/api/queries";

/** What only somebody may use whose key may write; with a key that may only read, a note in its place. */
export function IfMayWrite({ children }: { children: ReactNode }) {
  const { data } = useQuery(systemQueries.health());
  if (data?.caller?.role !== "read") return children;
  return (
    <Tooltip content={`The API key “${data.caller.name}” may look at everything, but change and start nothing.`}>
      <Badge tabIndex={0}>Read only</Badge>
    </Tooltip>
  );
}
