"use client";

import { useQuery } from "@tanstack/react-query";
import { ArrowLeft, Download } from "lucide-react";
import { toast } from "sonner";

import { saveBlob } from "@/components/charts/export-image";
import { Page } from "@/components/layout/page";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import { Menu, MenuItem } from "@/components/ui/menu";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Failure } from "@/components/ui/state";
import { api, unwrap } from "@/lib/api/client";
import { matrixQueries } from "@/lib/api/matrices";
import { formatNumber, plural } from "@/lib/format";
import { useTitle } from "@/lib/use-title";

import { AdvicePanel } from "./advice-panel";
import { CachePanel } from "./cache-panel";
import { CellTable } from "./cell-table";
import { FrontPanel } from "./front-panel";
import { HeatMap } from "./heat-map";
import { LoadPanel } from "./load-panel";
import { type Matrix, stateOf } from "./prepare";
import { StagesPanel } from "./stages-panel";

/** One matrix: what follows from it, its charts, and all of its figures. */
export function MatrixView({ id }: { id: string }) {
  const matrix = useQuery(matrixQueries.detail(id));
  useTitle(matrix.data?.name ?? "Optimise");
  return (
    <Page
      title={matrix.data?.name ?? "Matrix"}
      lead={matrix.data && <Lead matrix={matrix.data} />}
      above={
        <Link href="/optimise/" className="inline-flex items-center gap-1 text-xs underline-offset-3 hover:text-ink hover:underline">
          <ArrowLeft className="size-3" aria-hidden="true" />
          All matrices
        </Link>
      }
      actions={matrix.data && <Export matrix={matrix.data} />}
    >
      {matrix.data ? (
        <Content matrix={matrix.data} />
      ) : matrix.error ? (
        <Panel flush>
          <Failure error={matrix.error} what="the matrix" onRetry={() => void matrix.refetch()} />
        </Panel>
      ) : (
        <Panel flush>
          <SkeletonRows rows={9} className="h-14" />
        </Panel>
      )}
    </Page>
  );
}

function Lead({ matrix }: { matrix: Matrix }) {
  const { label, tone } = stateOf(matrix);
  const asked = matrix.questions === null ? "all questions" : plural(matrix.questions, "question");
  return (
    <>
      {matrix.description && <p>{matrix.description}</p>}
      <p className="mt-1 flex flex-wrap items-center gap-x-2 gap-y-1 text-xs">
        <Badge tone={tone}>Trials: {label}</Badge>
        {matrix.model} · {asked} of {matrix.dataset} · {plural(matrix.rounds, "round")} · margin {formatNumber(100 * matrix.margin)} points
      </p>
    </>
  );
}

function Content({ matrix }: { matrix: Matrix }) {
  return (
    <>
      {matrix.warnings.length > 0 && (
        <ul className="rounded-lg border border-warn/25 bg-warn/8 px-4 py-3 text-warn" aria-label="Warnings">
          {matrix.warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      <AdvicePanel advice={matrix.advice} />
      <HeatMap matrix={matrix} />
      <div className="grid gap-4 lg:grid-cols-2">
        <LoadPanel matrix={matrix} />
        <FrontPanel matrix={matrix} />
        <StagesPanel matrix={matrix} />
        <CachePanel matrix={matrix} />
      </div>
      <CellTable matrix={matrix} />
    </>
  );
}

function Export({ matrix }: { matrix: Matrix }) {
  const json = () => saveBlob(new Blob([JSON.stringify(matrix, null, 2)], { type: "application/json" }), `${matrix.name}.json`);
  const markdown = async () => {
    try {
      const params = { path: { matrix_id: matrix.id } };
      const text = await unwrap(api.GET("/api/v1/matrices/{matrix_id}/markdown", { params, parseAs: "text" }));
      saveBlob(new Blob([text], { type: "text/markdown" }), `${matrix.name}.md`);
    } catch (error) {
      toast.error(error instanceof Error ? error.message : "The export failed.");
    }
  };
  return (
    <Menu
      trigger={
        <Button>
          <Download aria-hidden="true" />
          Export
        </Button>
      }
    >
      <MenuItem onSelect={() => void markdown()}>Markdown</MenuItem>
      <MenuItem onSelect={json}>JSON</MenuItem>
    </Menu>
  );
}
