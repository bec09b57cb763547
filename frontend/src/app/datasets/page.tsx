import type { Metadata } from "next";
import { Suspense } from "react";

import { Datasets } from "@/features/datasets/datasets";

export const metadata: Metadata = { title: "Datasets" };

export default function DatasetsPage() {
  return (
    <Suspense>
      <Datasets />
    </Suspense>
  );
}
