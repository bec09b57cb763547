import type { Metadata } from "next";
import { Suspense } from "react";

import { History } from "@/features/history/history";

export const metadata: Metadata = { title: "Over time" };

export default function HistoryPage() {
  return (
    <Suspense>
      <History />
    </Suspense>
  );
}
