import { ChevronDown } from "lucide-react";
import { useId, useState } from "react";

import { Verbatim } from "@/components/text/verbatim";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Td, Tr } from "@/components/ui/table";
import { plural } from "@/lib/format";
import { beginning } from "@/lib/long-text";
import { cn } from "@/lib/utils";

import { type Example, metadataPairs } from "./prepare";

const PAIRS = 2;

interface ExampleRowProps {
  example: Example;
  /** Whether the table has a column of clusters. */
  clusters: boolean;
}

/** Characters of a text in a row; the details have all. */
const SHOWN = 600;

/** A question; it opens to its full text, all answers and all metadata. */
export function ExampleRow({ example, clusters }: ExampleRowProps) {
  const [open, setOpen] = useState(false);
  const details = useId();
  const pairs = metadataPairs(example.metadata);
  return (
    <>
      <Tr className={cn("align-top hover:bg-line/25 max-sm:flex", open && "border-b-0")}>
        <Td className="hidden truncate py-3 font-mono text-xs leading-5 sm:table-cell" title={example.key}>
          {example.key}
        </Td>
        <Td className="min-w-0 flex-1 py-3 [overflow-wrap:anywhere] max-sm:block max-sm:h-auto max-sm:pl-4">
          <span className="mb-0.5 block truncate font-mono text-xs sm:hidden">{example.key}</span>
          <p dir="auto" className="line-clamp-3 text-ink">
            {beginning(example.question, SHOWN)}
          </p>
          <div className="mt-2 sm:hidden">
            <Answers answers={example.answers} />
          </div>
        </Td>
        <Td className="hidden py-3 sm:table-cell">
          <Answers answers={example.answers} />
        </Td>
        {clusters && (
          <Td className="hidden truncate py-3 text-xs leading-5 lg:table-cell" title={example.cluster ?? undefined}>
            {example.cluster ?? "–"}
          </Td>
        )}
        <Td className="hidden py-3 lg:table-cell">
          <Metadata pairs={pairs} />
        </Td>
        <Td className="w-12 pt-2 text-right last:pr-3 max-sm:block max-sm:h-auto">
          <Button
            variant="ghost"
            size="icon-sm"
            aria-label={`Details of ${example.key}`}
            aria-expanded={open}
            aria-controls={open ? details : undefined}
            onClick={() => setOpen(!open)}
          >
            <ChevronDown className={cn("transition-transform", open && "rotate-180")} />
          </Button>
        </Td>
      </Tr>
      {open && (
        <Tr id={details} className="max-sm:block">
          <Td colSpan={clusters ? 6 : 5} className="px-4 pt-1 pb-4 max-sm:block max-sm:h-auto">
            <div className="grid gap-3 lg:grid-cols-2">
              <Verbatim label="Question">{example.question}</Verbatim>
              <Verbatim label={plural(example.answers.length, "accepted answer")}>{example.answers.join("\n")}</Verbatim>
              {(pairs.length > 0 || example.cluster !== null) && (
                <div className="min-w-0 lg:col-span-2">
                  <Verbatim label="Metadata">{allMetadata(example)}</Verbatim>
                </div>
              )}
            </div>
          </Td>
        </Tr>
      )}
    </>
  );
}

function allMetadata({ cluster, metadata }: Example): string {
  return JSON.stringify(cluster === null ? metadata : { cluster, ...metadata }, null, 2);
}

/** The first accepted answer, and the others on demand. */
function Answers({ answers }: { answers: string[] }) {
  const [open, setOpen] = useState(false);
  const [first = "–", ...aliases] = answers;
  return (
    <div className="flex flex-wrap items-center gap-1">
      {(open ? answers : [first]).map((answer, index) => (
        <Badge key={answer} tone={index === 0 ? "good" : "plain"} className="max-w-full" title={beginning(answer, SHOWN)}>
          <bdi className="truncate">{beginning(answer, SHOWN)}</bdi>
        </Badge>
      ))}
      {aliases.length > 0 && (
        <button
          type="button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="h-5 rounded-full px-1.5 text-xs whitespace-nowrap underline-offset-3 hover:text-ink hover:underline"
        >
          {open ? "fewer" : `+${plural(aliases.length, "alias", "aliases")}`}
        </button>
      )}
    </div>
  );
}

function Metadata({ pairs }: { pairs: [name: string, value: string][] }) {
  if (pairs.length === 0) return <span className="text-xs leading-5">–</span>;
  return (
    <ul className="text-xs leading-5">
      {pairs.slice(0, PAIRS).map(([name, value]) => (
        <li key={name} className="truncate">
          <bdi>{name}</bdi>: <bdi className="text-ink">{beginning(value, SHOWN)}</bdi>
        </li>
      ))}
      {pairs.length > PAIRS && <li>+{pairs.length - PAIRS} more</li>}
    </ul>
  );
}
