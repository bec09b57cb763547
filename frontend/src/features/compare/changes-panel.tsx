"use client";

import { useQueries, useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";

import { Verbatim } from "@/components/text/verbatim";
import { Select } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import type { Schemas } from "@/lib/api/client";
import { experimentQueries, resultQueries } from "@/lib/api/queries";
import { beginning } from "@/lib/long-text";
import { cn } from "@/lib/utils";

import { type ChangedLine, changedLines, configText, promptText } from "./changes";
import { prepareDifferences } from "./differences";
import { letterOf, scoreNames } from "./prepare";
import { usePair } from "./use-pair";
import { useScore } from "./use-score";

/** Lines that are shown at most. */
const MAX_LINES = 400;
const MAX_LINE = 2_000;

/** What two experiments were told otherwise: their configurations, and the prompts of one question as they were sent. */
export function ChangesPanel({ comparison: { experiments } }: { comparison: Schemas["ComparisonOut"] }) {
  const [place, setPlace] = usePair(experiments.length);
  const pair = [experiments[0], experiments[place]].filter((one) => one !== undefined);
  const configs = useQueries({ queries: pair.map(({ experiment_id }) => experimentQueries.detail(experiment_id)) }).map(({ data }) => data?.config);
  const lines = useMemo(() => (configs[0] && configs[1] ? changedLines(configText(configs[0]), configText(configs[1])) : null), [configs[0], configs[1]]);
  const letters = ["A", letterOf(place)] as const;
  return (
    <Panel
      title="What differs"
      hint={`− only ${letters[0]}, + only ${letters[1]}`}
      actions={
        experiments.length > 2 && (
          <Select aria-label="Compared with A" className="h-7 w-auto max-w-72 text-xs" value={place} onChange={(event) => setPlace(Number(event.target.value))}>
            {experiments.slice(1).map(({ experiment_id, label }, index) => (
              <option key={experiment_id} value={index + 1}>
                A and {letterOf(index + 1)}: {label}
              </option>
            ))}
          </Select>
        )
      }
      flush
    >
      <div className="grid divide-y lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)] lg:divide-x lg:divide-y-0">
        <Side title="Configuration">
          {lines && (lines.length === 0 ? <p>The configurations are equal, but for their names.</p> : <Lines lines={lines} />)}
        </Side>
        <Side title="Prompt as sent">
          <Prompts ids={pair.map(({ experiment_id }) => experiment_id)} letters={letters} names={scoreNames(experiments)} />
        </Side>
      </div>
    </Panel>
  );
}

function Side({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="min-w-0 p-4">
      <h3 className="mb-2 font-sans text-xs font-medium">{title}</h3>
      {children}
    </section>
  );
}

function Lines({ lines }: { lines: ChangedLine[] }) {
  return (
    <pre tabIndex={0} aria-label="Changed lines" className="verbatim max-h-80 overflow-auto rounded-md border py-1 text-ink">
      {lines.slice(0, MAX_LINES).map(({ sign, text }, index) => (
        <span key={index} className={cn("grid grid-cols-[1.25rem_minmax(0,1fr)] px-2", sign === "−" && "bg-bad/8 text-bad", sign === "+" && "bg-good/8 text-good")}>
          <span>{sign}</span>
          <span dir="auto">{beginning(text, MAX_LINE)}</span>
        </span>
      ))}
      {lines.length > MAX_LINES && <span className="px-2">… {lines.length - MAX_LINES} more lines</span>}
    </pre>
  );
}

interface PromptsProps {
  ids: string[];
  letters: readonly [string, string];
  names: string[];
}

/** The prompts of the first question that both experiments have run. */
function Prompts({ ids, letters, names }: PromptsProps) {
  const [score] = useScore(names);
  const questions = useQuery(resultQueries.firstShared(ids, score));
  const shared = questions.data?.items.find(({ runs }) => runs.every((run) => run !== null));
  const runs = useQueries({
    queries: ids.map((id, index) => ({ ...resultQueries.run(id, shared?.runs[index]?.id ?? 0), enabled: shared !== undefined })),
  }).map(({ data }) => data);
  const [first, second] = [promptText(runs[0]?.calls ?? []), promptText(runs[1]?.calls ?? [])];
  const marked = useMemo(() => prepareDifferences(first, second), [first, second]);
  if (!questions.data) return null;
  if (!shared) return <p>No question was run by both.</p>;
  if (!runs[0] || !runs[1]) return null;
  if (first === second) return <Verbatim label={`Equal for ${letters.join(" and ")}`}>{first}</Verbatim>;
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      {[first, second].map((text, index) => (
        <Verbatim key={index} label={`${letters[index] ?? ""}: first call`} segments={marked?.[index]}>
          {text}
        </Verbatim>
      ))}
    </div>
  );
}
