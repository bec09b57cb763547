"use client";

import { useQuery } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useId, useState } from "react";

import { useScoreNames } from "@/components/run/use-score-names";
import { Button } from "@/components/ui/button";
import { Field, Select } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { ORIGINAL, scoringQueries, useDeleteScoring, useRescore } from "@/lib/api/scorings";
import { formatDate, formatName, plural } from "@/lib/format";

import { describeChange, describeRequest, describeState, requestOf } from "./scorings-prepare";

interface ScoringsPanelProps {
  id: string;
  /** The scoring that the page shows. */
  shown: string;
  onShow: (scoring: string) => void;
}

/** The scorings of an experiment: what its stored outputs are worth by other scorers, parsers or accepted answers. */
export function ScoringsPanel({ id, shown, onShow }: ScoringsPanelProps) {
  const { data } = useQuery(scoringQueries.list(id));
  const rescore = useRescore(id);
  const remove = useDeleteScoring(id);
  if (!data) return null;
  const newer = data.newer_dataset;
  return (
    <Panel title="Score again" hint="The stored outputs by another scorer or parser, without asking the model. The original scores stay." flush>
      {newer && (
        <p role="note" className="flex flex-wrap items-center gap-3 border-b px-4 py-2.5 text-ink">
          The dataset has a newer version, in which the accepted answers to {plural(newer.changed, "question")} of these differ.
          <Button size="sm" disabled={rescore.isPending} onClick={() => rescore.mutate({ dataset_version: newer.version, scorers: {} })}>
            Score against it
          </Button>
        </p>
      )}
      {data.items.length > 0 && (
        <Table aria-label="Scorings">
          <thead>
            <tr>
              <Th>Scoring</Th>
              <Th>What it changed</Th>
              <Th>State</Th>
              <Th>Made</Th>
              <Th className="text-right">Shown above</Th>
            </tr>
          </thead>
          <tbody>
            <Tr>
              <Td className="font-medium text-ink">{ORIGINAL}</Td>
              <Td colSpan={3}>as the experiment was run</Td>
              <Td className="text-right">
                <Shown active={shown === ORIGINAL} onShow={() => onShow(ORIGINAL)} />
              </Td>
            </Tr>
            {data.items.map((scoring) => (
              <Row key={scoring.id} scoring={scoring} active={shown === scoring.name} onShow={() => onShow(scoring.name)} onRemove={() => remove.mutate(scoring.name, { onSuccess: () => onShow(ORIGINAL) })} />
            ))}
          </tbody>
        </Table>
      )}
      <NewScoring parsers={data.parsers} scorers={data.scorers} busy={rescore.isPending} onAsk={(body) => rescore.mutate(body)} />
    </Panel>
  );
}

interface RowProps {
  scoring: Schemas["ScoringOut"];
  active: boolean;
  onShow: () => void;
  onRemove: () => void;
}

function Row({ scoring, active, onShow, onRemove }: RowProps) {
  const { labelOf } = useScoreNames();
  return (
    <Tr>
      <Td>
        <bdi className="font-medium text-ink [overflow-wrap:anywhere]">{scoring.name}</bdi>
        <p className="text-xs">{describeRequest(scoring)}</p>
      </Td>
      <Td>
        <ul className="num text-xs">
          {scoring.changes.map((change) => (
            <li key={change.score}>
              {labelOf(change.score)}: {describeChange(change)}
            </li>
          ))}
        </ul>
      </Td>
      <Td className="text-xs">{describeState(scoring)}</Td>
      <Td className="text-xs whitespace-nowrap">
        {formatDate(scoring.created_at)}
        {scoring.created_by && <bdi className="block">{scoring.created_by}</bdi>}
      </Td>
      <Td className="text-right whitespace-nowrap">
        {scoring.status === "COMPLETED" && <Shown active={active} onShow={onShow} />}
        <Button variant="ghost" size="icon-sm" aria-label={`Delete the scoring ${scoring.name}`} onClick={onRemove}>
          <Trash2 />
        </Button>
      </Td>
    </Tr>
  );
}

function Shown({ active, onShow }: { active: boolean; onShow: () => void }) {
  return (
    <Button size="sm" variant={active ? "primary" : "outline"} aria-pressed={active} onClick={onShow}>
      {active ? "Shown" : "Show"}
    </Button>
  );
}

interface NewScoringProps {
  parsers: string[];
  scorers: string[];
  busy: boolean;
  onAsk: (body: Schemas["ScoringCreate"]) => void;
}

function NewScoring({ parsers, scorers, busy, onAsk }: NewScoringProps) {
  const id = useId();
  const { labelOf } = useScoreNames();
  const [parser, setParser] = useState("");
  const [scorer, setScorer] = useState("");
  const body = requestOf(parser, scorer);
  return (
    <form
      className="flex flex-wrap items-end gap-3 px-4 py-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (body) onAsk(body);
      }}
    >
      {parsers.length > 0 && (
        <Field label="Answers" htmlFor={`${id}-parser`} className="w-52">
          <Select id={`${id}-parser`} value={parser} onChange={(event) => setParser(event.target.value)}>
            <option value="">as they were read</option>
            {parsers.map((name) => (
              <option key={name} value={name}>
                {name === "current" ? "read by the rules of this version" : `the ${formatName(name).toLowerCase()}`}
              </option>
            ))}
          </Select>
        </Field>
      )}
      <Field label="Further scorer" htmlFor={`${id}-scorer`} className="w-52">
        <Select id={`${id}-scorer`} value={scorer} onChange={(event) => setScorer(event.target.value)}>
          <option value="">none</option>
          {scorers.map((name) => (
            <option key={name} value={name}>
              {labelOf(name)}
            </option>
          ))}
        </Select>
      </Field>
      <Button type="submit" disabled={busy || body === null}>
        Score again
      </Button>
    </form>
  );
}
