import { Verbatim } from "@/components/text/verbatim";
import { Panel } from "@/components/ui/panel";
import type { Schemas } from "@/lib/api/client";
import { formatCount, formatDate, formatName } from "@/lib/format";
import { toYaml } from "@/lib/yaml";

import { prepareFailures } from "./prepare";

interface ConfigPanelProps {
  experiment: Schemas["ExperimentOut"];
  result: Schemas["ResultOut"] | undefined;
}

/** Configuration, provenance, and failures by kind. */
export function ConfigPanel({ experiment, result }: ConfigPanelProps) {
  const failures = result ? prepareFailures(result.metrics.counts) : [];
  return (
    <div className="grid min-w-0 items-start gap-5 lg:grid-cols-2">
      <Panel title="Configuration" hint="Saved as a file, llmforge run FILE repeats it with the same questions, prompts and calls.">
        <Verbatim label="YAML" className="max-h-96">
          {toYaml(experiment.config)}
        </Verbatim>
      </Panel>
      <div className="flex min-w-0 flex-col gap-5">
        {failures.length > 0 && (
          <Panel title="Failures" flush>
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
        )}
        <Panel title="Provenance" flush>
          <dl className="divide-y text-xs">
            {provenance(experiment, result).map(([label, value]) => (
              <div key={label} className="grid grid-cols-[9rem_minmax(0,1fr)] gap-3 px-4 py-2">
                <dt>{label}</dt>
                <dd className="num [overflow-wrap:anywhere] text-ink">{value}</dd>
              </div>
            ))}
          </dl>
        </Panel>
      </div>
    </div>
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
    if (value !== null) rows.push([formatName(key), oneLine(value)]);
  }
  return rows;
}

/** `{a: 1, b: x}` as "a 1, b x". */
function oneLine(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return value.map(String).join(", ");
  return Object.entries(value)
    .map(([key, inner]) => `${key} ${typeof inner === "object" ? JSON.stringify(inner) : String(inner)}`)
    .join(", ");
}
