"use client";

import { Download, Link2 } from "lucide-react";
import { toast } from "sonner";

import { Button } from "@/components/ui/button";
import type { Schemas } from "@/lib/api/client";

/** Copies the address of the page, and downloads the comparison as JSON. */
export function ShareActions({ comparison }: { comparison: Schemas["ComparisonOut"] }) {
  const copy = () => void navigator.clipboard.writeText(window.location.href).then(() => toast("Link copied"));
  const download = () => {
    const url = URL.createObjectURL(new Blob([JSON.stringify(comparison, null, 2)], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = "comparison.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  };
  return (
    <>
      <Button onClick={copy}>
        <Link2 aria-hidden="true" />
        Copy link
      </Button>
      <Button onClick={download}>
        <Download aria-hidden="true" />
        Export
      </Button>
    </>
  );
}
