import type { Metadata } from "next";
import { Suspense } from "react";

import { ExperimentList } from "@/features/experiment-list/experiment-list";

export const metadata: Metadata = { title: "Experiments" };

export default function ExperimentsPage() {
  return (
    <Suspense>
      <ExperimentList />
    </Suspense>
  );
}
