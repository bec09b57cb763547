import type { Metadata } from "next";
import { Suspense } from "react";

import { Label } from "@/features/label/label";

export const metadata: Metadata = { title: "Label answers" };

export default function LabelPage() {
  return (
    <Suspense>
      <Label />
    </Suspense>
  );
}
