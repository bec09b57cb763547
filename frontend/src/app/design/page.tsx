import type { Metadata } from "next";

import { Gallery } from "@/features/design/gallery";

export const metadata: Metadata = { title: "Design system", robots: "noindex" };

export default function DesignPage() {
  return <Gallery />;
}
