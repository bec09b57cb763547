import type { Metadata } from "next";
import { Suspense } from "react";

import { ExperimentView } from "@/features/experiment-detail/experiment-view";

export const metadata: Metadata = { title: "Experiment" };

export default function ExperimentPage() {
  return (
    <Suspense>
      <ExperimentView />
    </Suspense>
  );
}
