"use client";

import { Download, Link2 } from "lucide-react";
import { toast } from "sonner";

import { Button } from "@/components/ui/button";
import type { Schemas } from "@/lib/api/client";
import { copyText } from "@/lib/clipboard";

/** Copies the address of the page, and downloads the comparison as JSON. */
export function ShareActions({ comparison }: { comparison: Schemas["ComparisonOut"] }) {
  const copy = () =>
    void copyText(window.location.href).then((done) => {
      if (done) toast("Link copied");
      else toast.error("This browser does not let the page copy. The link is the address of the page.");
    });
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
