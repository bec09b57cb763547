"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import type { Schemas } from "@/lib/api/client";
import { experimentHref } from "@/lib/api/mutations";
import { experimentQueries } from "@/lib/api/queries";
import { endingText, useNotifications } from "@/lib/notifications";

const LOOK_EVERY_MS = 5_000;
const MOST = 200;

/** Tells by the browser's notifications what has ended, while this tab is hidden; only where they were switched on. */
export function EndingNotices() {
  const on = useNotifications();
  const client = useQueryClient();
  const before = useRef<ReadonlySet<string>>(new Set());
  const { data } = useQuery({
    ...experimentQueries.list({ status: ["RUNNING", "PENDING"], archived: "include", limit: MOST }),
    enabled: on,
    refetchInterval: LOOK_EVERY_MS,
    refetchIntervalInBackground: true,
    select: ({ items }) => items.filter(({ status, queued }) => status === "RUNNING" || queued).map(({ id }) => id),
  });
  useEffect(() => {
    if (!data) return;
    const live = new Set(data);
    const gone = [...before.current].filter((id) => !live.has(id));
    before.current = live;
    if (gone.length === 0 || !document.hidden) return;
    void Promise.allSettled(gone.map((id) => client.fetchQuery({ ...experimentQueries.detail(id), staleTime: 0 }))).then((found) => {
      const ended = found.flatMap((one) => (one.status === "fulfilled" && one.value.finished_at !== null ? [one.value] : []));
      if (ended.length > 0 && document.hidden) tell(ended);
    });
  }, [data, client]);
  return null;
}

function tell(ended: readonly Schemas["ExperimentOut"][]) {
  const { title, body } = endingText(ended);
  // The tag lets several open tabs show one notification.
  const notice = new Notification(title, { body, tag: ended.map(({ id }) => id).join() });
  notice.onclick = () => {
    window.focus();
    const [first] = ended;
    if (ended.length === 1 && first) window.location.assign(experimentHref(first.id));
    else window.location.assign(`/compare/?ids=${ended.map(({ id }) => id).join(",")}`);
  };
}
