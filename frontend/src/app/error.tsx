"use client";

import { Page } from "@/components/layout/page";
import { Failure } from "@/components/ui/state";

/** The last resort: a page that threw still says what happened and offers to go on. */
export default function PageError({ error, reset }: { error: Error; reset: () => void }) {
  return (
    <Page title="This page broke">
      <Failure error={error} what="this page" onRetry={reset} />
    </Page>
  );
}
