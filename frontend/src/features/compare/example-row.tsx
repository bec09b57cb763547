"use client";

import { useQueries } from "@tanstack/react-query";
import { ChevronDown } from "lucide-react";
import { useMemo, useState } from "react";

import { RunMark } from "@/components/run/run-mark";
import { Verbatim } from "@/components/text/verbatim";
import { Link } from "@/components/ui/link";
import type { Schemas } from "@/lib/api/client";
import { experimentHref } from "@/lib/api/mutations";
import { resultQueries } from "@/lib/api/queries";
import { cn } from "@/lib/utils";

import { prepareDifferences } from "./differences";

interface ExampleRowProps {
  item: Schemas["ComparedExample"];
  /** In the order of the item's runs. */
  experiments: Schemas["Compared"][];
  letters: string[];
  score: string;
}

/** A question with the answer of each experiment; it opens to the raw outputs side by side. */
export function ExampleRow({ item, experiments, letters, score }: ExampleRowProps) {
  const [open, setOpen] = useState(false);
  return (
    <li>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex w-full flex-col gap-2 px-4 py-3 text-left -outline-offset-2 hover:bg-line/20"
      >
        <span className="flex w-full items-start gap-2">
          <span dir="auto" className="min-w-0 flex-1 text-ink">{item.question}</span>
          <ChevronDown aria-hidden="true" className={cn("mt-0.5 size-4 shrink-0 transition-transform", open && "rotate-180")} />
        </span>
        <span className="grid w-full gap-x-6 gap-y-1 sm:grid-cols-2 xl:grid-cols-3">
          <span className="min-w-0 truncate text-xs sm:col-span-full">expected <bdi>{item.gold[0]}</bdi></span>
          {item.runs.map((run, index) => (
            <span key={index} className="flex min-w-0 items-center gap-2 text-xs">
              <span className="font-serif text-sm text-ink">{letters[index]}</span>
              {run ? <RunMark status={run.status} value={run.scores[score]?.value} failure={run.failure_kind} /> : "not run"}
              <span dir="auto" className="min-w-0 truncate">{run?.answer ?? run?.failure_message ?? ""}</span>
            </span>
          ))}
        </span>
      </button>
      {open && <Outputs item={item} experiments={experiments} letters={letters} />}
    </li>
  );
}

/** The outputs side by side; lists have only the beginnings of long ones. */
function Outputs({ item, experiments, letters }: Omit<ExampleRowProps, "score">) {
  const whole = useQueries({
    queries: item.runs.map((run, index) => ({
      ...resultQueries.run(experiments[index]?.experiment_id ?? "", run?.id ?? 0),
      enabled: run !== null && (run.output_length ?? 0) > (run.output?.length ?? 0),
    })),
  });
  const outputs = item.runs.map((run, index) => whole[index]?.data?.output ?? run?.output ?? run?.failure_message ?? "");
  const [first = "", second = ""] = outputs;
  const differences = useMemo(() => (first && second ? prepareDifferences(first, second) : null), [first, second]);
  return (
    <div className="grid gap-3 px-4 pb-4 sm:grid-cols-2">
      {item.runs.map(
        (run, index) =>
          run && (
            <div key={index} className="flex min-w-0 flex-col gap-1">
              <Verbatim label={`${letters[index] ?? ""}: raw output`} segments={differences?.[index]}>
                {outputs[index] ?? ""}
              </Verbatim>
              <Link
                href={`${experimentHref(experiments[index]?.experiment_id ?? "")}&run=${run.id}`}
                className="self-start text-xs underline decoration-line underline-offset-3 hover:text-ink"
              >
                Open the run with its prompt
              </Link>
            </div>
          ),
      )}
    </div>
  );
}
