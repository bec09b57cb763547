import type { Metadata } from "next";
import { Suspense } from "react";

import { Models } from "@/features/models/models";

export const metadata: Metadata = { title: "Models" };

export default function ModelsPage() {
  return (
    <Suspense>
      <Models />
    </Suspense>
  );
}
