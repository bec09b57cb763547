import { Fact, Facts } from "@/components/data/facts";
import { CopyButton } from "@/components/text/verbatim";
import { Panel } from "@/components/ui/panel";
import { formatDate, plural } from "@/lib/format";

import type { Version } from "./prepare";

/** What a version of a knowledge base is, and where it is from. */
export function About({ base }: { base: Version }) {
  return (
    <Panel title="About" flush>
      <Facts>
        <Fact label="Size">
          <span className="text-ink">{plural(base.size, "article")}</span>
        </Fact>
        <Fact label="Licence">{base.licence || "Not stated"}</Fact>
        <Fact label="Source">
          <span className="[overflow-wrap:anywhere]">{base.source || "Not stated"}</span>
        </Fact>
        <Fact label="Version">
          <span className="flex h-5 items-center gap-1 font-mono text-xs">
            {base.version}
            <CopyButton text={base.version} label="Copy the version" />
          </span>
        </Fact>
        <Fact label="Added">
          <time dateTime={base.created_at}>{formatDate(base.created_at)}</time>
        </Fact>
      </Facts>
    </Panel>
  );
}
