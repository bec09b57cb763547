import type { Metadata } from "next";
import { Suspense } from "react";

import { Spending } from "@/features/spending/spending";

export const metadata: Metadata = { title: "Spending" };

export default function SpendingPage() {
  return (
    <Suspense>
      <Spending />
    </Suspense>
  );
}
