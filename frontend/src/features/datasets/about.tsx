import type { ReactNode } from "react";

import { CopyButton } from "@/components/lab/verbatim";
import { Badge } from "@/components/ui/badge";
import { Panel } from "@/components/ui/panel";
import { formatDate, plural } from "@/lib/format";

import type { Version } from "./prepare";
import { ruleOf } from "./rules";

/** What a version of a dataset is, where it is from, and how answers to it are judged. */
export function About({ dataset }: { dataset: Version }) {
  return (
    <Panel title="About" flush>
      <dl className="divide-y">
        <Row label="Size">
          <span className="text-ink">{plural(dataset.size, "question")}</span>
        </Row>
        <Row label="Scoring">
          <Badge>{dataset.scoring}</Badge>
          <p className="mt-1 text-xs">{ruleOf(dataset.scoring)?.judged}</p>
        </Row>
        <Row label="Licence">{dataset.licence || "Not stated"}</Row>
        <Row label="Source">
          <span className="[overflow-wrap:anywhere]">{dataset.source || "Not stated"}</span>
        </Row>
        <Row label="Version">
          <span className="flex h-5 items-center gap-1 font-mono text-xs">
            {dataset.version}
            <CopyButton text={dataset.version} label="Copy the version" />
          </span>
        </Row>
        <Row label="Added">
          <time dateTime={dataset.created_at}>{formatDate(dataset.created_at)}</time>
        </Row>
      </dl>
    </Panel>
  );
}

function Row({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="grid grid-cols-[5.5rem_minmax(0,1fr)] gap-3 px-4 py-2.5">
      <dt className="text-xs leading-5">{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
