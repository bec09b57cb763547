import type { Metadata } from "next";
import { Suspense } from "react";

import { Optimise } from "@/features/optimise/optimise";

export const metadata: Metadata = { title: "Optimise" };

export default function OptimisePage() {
  return (
    <Suspense>
      <Optimise />
    </Suspense>
  );
}
