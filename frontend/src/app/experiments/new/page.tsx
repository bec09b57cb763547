import type { Metadata } from "next";
import { Suspense } from "react";

import { NewExperiment } from "@/features/new-experiment/new-experiment";

export const metadata: Metadata = { title: "New experiment" };

export default function NewExperimentPage() {
  return (
    <Suspense>
      <NewExperiment />
    </Suspense>
  );
}
