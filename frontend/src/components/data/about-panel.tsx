import type { ReactNode } from "react";

import { CopyButton } from "@/components/text/verbatim";
import { Panel } from "@/components/ui/panel";
import { formatDate, plural } from "@/lib/format";
import type { DataVersion } from "@/lib/versions";

interface AboutPanelProps {
  version: DataVersion;
  /** What a version has `size` of. */
  unit: string;
  /** Further facts, after the size. */
  children?: ReactNode;
}

/** What a version of a dataset or a knowledge base is, and where it comes from. */
export function AboutPanel({ version, unit, children }: AboutPanelProps) {
  return (
    <Panel title="About" flush>
      <dl className="divide-y">
        <Fact label="Size">
          <span className="text-ink">{plural(version.size, unit)}</span>
        </Fact>
        {children}
        <Fact label="Licence">{version.licence || "Not stated"}</Fact>
        <Fact label="Source">
          <span className="[overflow-wrap:anywhere]">{version.source || "Not stated"}</span>
        </Fact>
        <Fact label="Version">
          <span className="flex h-5 items-center gap-1 font-mono text-xs">
            {version.version}
            <CopyButton text={version.version} label="Copy the version" />
          </span>
        </Fact>
        <Fact label="Added">
          <time dateTime={version.created_at}>{formatDate(version.created_at)}</time>
        </Fact>
      </dl>
    </Panel>
  );
}

/** One row of an `AboutPanel`. */
export function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="grid grid-cols-[5.5rem_minmax(0,1fr)] gap-3 px-4 py-2.5">
      <dt className="text-xs leading-5">{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
