"use client";

import { useMutation } from "@tanstack/react-query";
import { Download, FileText, Link2 } from "lucide-react";
import { toast } from "sonner";

import { saveBlob } from "@/components/charts/export-image";
import { Button } from "@/components/ui/button";
import { api, type Schemas, unwrap } from "@/lib/api/client";
import { copyText } from "@/lib/clipboard";

import { scoreNames } from "./prepare";
import { useFamily } from "./use-family";
import { useMargin } from "./use-margin";
import { useScore } from "./use-score";
import { useSliceField } from "./use-slice-field";

/** Copies the address of the page; downloads the comparison as JSON, and as a report by the chosen score and margin. */
export function ShareActions({ comparison }: { comparison: Schemas["ComparisonOut"] }) {
  const copy = () =>
    void copyText(window.location.href).then((done) => {
      if (done) toast("Link copied");
      else toast.error("This browser does not let the page copy. The link is the address of the page.");
    });
  const download = () =>
    saveBlob(new Blob([JSON.stringify(comparison, null, 2)], { type: "application/json" }), "comparison.json");
  const report = useReport(comparison);
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
      <Button onClick={() => report.mutate()} disabled={report.isPending}>
        <FileText aria-hidden="true" />
        {report.isPending ? "Writing…" : "Report"}
      </Button>
    </>
  );
}

/** Downloads Markdown, an HTML page and figures as one archive, which takes some seconds to make. */
function useReport({ experiments }: Schemas["ComparisonOut"]) {
  const [score] = useScore(scoreNames(experiments));
  const [margin] = useMargin();
  const [by] = useSliceField();
  const [family] = useFamily();
  const ids = experiments.map(({ experiment_id }) => experiment_id);
  return useMutation({
    mutationFn: async () => unwrap(api.GET("/api/v1/reports", { params: { query: { ids, score, margin, family, by: by ? [by] : [] } }, parseAs: "blob" })),
    onSuccess: (archive) => saveBlob(archive, "report.zip"),
    onError: (error) => toast.error(error.message),
  });
}
