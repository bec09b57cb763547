import { Fact, Facts } from "@/components/data/facts";
import { CopyButton } from "@/components/text/verbatim";
import { Badge } from "@/components/ui/badge";
import { Panel } from "@/components/ui/panel";
import { formatDate, plural } from "@/lib/format";

import type { Version } from "./prepare";
import { ruleOf } from "./rules";

/** What a version of a dataset is, where it is from, and how answers to it are judged. */
export function About({ dataset }: { dataset: Version }) {
  return (
    <Panel title="About" flush>
      <Facts>
        <Fact label="Size">
          <span className="text-ink">{plural(dataset.size, "question")}</span>
        </Fact>
        <Fact label="Scoring">
          <Badge>{dataset.scoring}</Badge>
          <p className="mt-1 text-xs">{ruleOf(dataset.scoring)?.judged}</p>
        </Fact>
        <Fact label="Licence">{dataset.licence || "Not stated"}</Fact>
        <Fact label="Source">
          <span className="[overflow-wrap:anywhere]">{dataset.source || "Not stated"}</span>
        </Fact>
        <Fact label="Version">
          <span className="flex h-5 items-center gap-1 font-mono text-xs">
            {dataset.version}
            <CopyButton text={dataset.version} label="Copy the version" />
          </span>
        </Fact>
        <Fact label="Added">
          <time dateTime={dataset.created_at}>{formatDate(dataset.created_at)}</time>
        </Fact>
      </Facts>
    </Panel>
  );
}
