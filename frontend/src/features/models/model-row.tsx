import { useQuery } from "@tanstack/react-query";

import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import { Td, Tr } from "@/components/ui/table";
import { systemQueries } from "@/lib/api/queries";
import { formatCount } from "@/lib/format";
import { cn } from "@/lib/utils";

import { checkedNote, experimentWith, formatParameters, formatPrices, type Model, states, withoutName } from "./prepare";

/** A model with its state, and a button that checks whether it responds. */
export function ModelRow({ model }: { model: Model }) {
  const check = useQuery({ ...systemQueries.checkModel(model.name), enabled: false });
  const { state, message } = check.data ?? model;
  const checked = check.data ? checkedNote(check.data) : "";
  const badge = <Badge tone={states[state].tone}>{states[state].label}</Badge>;
  const note = check.error?.message ?? withoutName(message, model.name);
  const prices = formatPrices(model.usd_per_1m);
  const weights = formatParameters(model.parameters);
  const context = formatCount(model.context_window);
  const actions = <Actions name={model.name} checking={check.isFetching} onCheck={() => void check.refetch()} />;
  return (
    <Tr className="align-top hover:bg-line/25 max-lg:block">
      <Td className="py-3 [overflow-wrap:anywhere] max-lg:block max-lg:h-auto max-lg:pr-4">
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="font-medium text-ink">{model.name}</span>
          {model.api === "completion" && <Badge>completion</Badge>}
          <span className="flex items-center gap-2 text-xs lg:hidden">
            {badge}
            {checked}
          </span>
        </div>
        {model.description && <p className="mt-0.5 text-xs">{model.description}</p>}
        <div aria-live="polite">
          {note && <p className={cn("mt-0.5 text-xs", (check.error || state === "unreachable") && "text-bad")}>{note}</p>}
        </div>
        <div className="mt-2 flex flex-wrap items-center justify-between gap-x-4 gap-y-2 lg:hidden">
          <dl className="num flex flex-wrap gap-x-3 text-xs">
            {model.parameters !== null && <Fact label="weights">{weights}</Fact>}
            {model.context_window !== null && <Fact label="context">{context}</Fact>}
            <Fact label="$ per 1M">{prices}</Fact>
          </dl>
          {actions}
        </div>
      </Td>
      <Td className="hidden py-3 lg:table-cell">
        {badge}
        <span className="num mt-0.5 block pl-2 text-xs">{checked}</span>
      </Td>
      <Td className="num hidden py-3 text-right lg:table-cell">{weights}</Td>
      <Td className="num hidden py-3 text-right lg:table-cell">{context}</Td>
      <Td className="num hidden py-3 text-right lg:table-cell">{prices}</Td>
      <Td className="hidden py-2 lg:table-cell">{actions}</Td>
    </Tr>
  );
}

function Fact({ label, children }: { label: string; children: string }) {
  return (
    <div className="flex gap-1">
      <dt>{label}</dt>
      <dd className="text-ink">{children}</dd>
    </div>
  );
}

interface ActionsProps {
  name: string;
  checking: boolean;
  onCheck: () => void;
}

function Actions({ name, checking, onCheck }: ActionsProps) {
  return (
    <div className="flex gap-1.5 max-lg:ml-auto lg:justify-end">
      <Button size="sm" variant="ghost" disabled={checking} aria-label={`Check ${name}`} onClick={onCheck}>
        {checking ? "Checking…" : "Check"}
      </Button>
      <Button asChild size="sm">
        <Link href={experimentWith(name)} aria-label={`Use ${name} in a new experiment`}>
          Use
        </Link>
      </Button>
    </div>
  );
}
