import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";

import { Verbatim } from "@/components/text/verbatim";
import { Panel } from "@/components/ui/panel";
import type { Schemas } from "@/lib/api/client";
import { formatCount, formatDate, formatName } from "@/lib/format";
import { toYaml } from "@/lib/yaml";

import { prepareFailures } from "./prepare";
import { provenanceText } from "./provenance";

interface ConfigPanelProps {
  experiment: Schemas["ExperimentOut"];
  result: Schemas["ResultOut"] | undefined;
}

/** Configuration and provenance: what is needed to repeat the experiment, folded until it is asked for. */
export function ConfigPanel({ experiment, result }: ConfigPanelProps) {
  return (
    <section className="divide-y rounded-lg border">
      <Folded title="Configuration" hint={experiment.config_problem ?? "Saved as a file, llmforge run FILE repeats it with the same questions, prompts and calls."}>
        <Verbatim label="YAML" className="max-h-96">
          {toYaml(experiment.config)}
        </Verbatim>
      </Folded>
      <Folded title="Provenance" hint="Versions, hashes and times.">
        <dl className="divide-y text-xs">
          {provenance(experiment, result).map(([label, value]) => (
            <div key={label} className="grid grid-cols-[9rem_minmax(0,1fr)] gap-3 py-1.5">
              <dt>{label}</dt>
              <dd className="num [overflow-wrap:anywhere] text-ink">{value}</dd>
            </div>
          ))}
        </dl>
      </Folded>
    </section>
  );
}

function Folded({ title, hint, children }: { title: string; hint: string; children: ReactNode }) {
  return (
    <details className="group">
      <summary className="flex cursor-pointer list-none items-baseline gap-3 rounded-lg px-4 py-2.5 -outline-offset-2 [&::-webkit-details-marker]:hidden">
        <ChevronRight aria-hidden="true" className="size-4 shrink-0 self-center transition-transform group-open:rotate-90" />
        <h2 className="text-xl leading-6">{title}</h2>
        <span className="min-w-0 truncate text-xs">{hint}</span>
      </summary>
      <div className="px-4 pb-4">{children}</div>
    </details>
  );
}

/** Failed runs by kind; nothing if none failed. */
export function FailuresPanel({ result }: Pick<ConfigPanelProps, "result">) {
  const failures = result ? prepareFailures(result.metrics.counts) : [];
  if (failures.length === 0) return null;
  return (
    <Panel title="Failures" hint="They are in no score; the cards say what if they counted as wrong." flush>
      <ul className="divide-y">
        {failures.map(({ kind, count, share }) => (
          <li key={kind} className="flex items-center gap-3 px-4 py-2">
            <span className="w-32 text-ink">{formatName(kind)}</span>
            <div aria-hidden="true" className="h-1.5 flex-1 rounded-full bg-line">
              <div className="h-full rounded-full bg-bad" style={{ width: `${Math.max(1, share * 100)}%` }} />
            </div>
            <span className="num w-12 text-right text-ink">{formatCount(count)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function provenance(experiment: Schemas["ExperimentOut"], result: Schemas["ResultOut"] | undefined): [string, string][] {
  const rows: [string, string][] = [
    ["Created", formatDate(experiment.created_at)],
    ["Started", formatDate(experiment.started_at)],
    ["Finished", formatDate(experiment.finished_at)],
    ["Experiment", experiment.id],
  ];
  const facts = result?.provenance ?? experiment.provenance;
  for (const [key, value] of Object.entries(facts)) {
    if (value !== null) rows.push([formatName(key), provenanceText(key, value)]);
  }
  return rows;
}
