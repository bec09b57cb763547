"use client";

import { Page } from "@/components/layout/page";
import { Failure } from "@/components/ui/state";

/** Shown in place of a page that threw: what happened, and a button to retry. */
export default function PageError({ error, reset }: { error: Error; reset: () => void }) {
  return (
    <Page title="This page failed">
      <Failure error={error} what="this page" onRetry={reset} />
    </Page>
  );
}
