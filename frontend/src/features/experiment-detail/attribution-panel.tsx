import { StackedBar } from "@/components/charts/stacked-bar";
import { fateFills, FateName } from "@/components/retrieval/attribution";
import { type Attribution, describeAttribution, prepareAttribution, totalOf } from "@/components/retrieval/attribution-prepare";
import { Panel } from "@/components/ui/panel";
import { formatCount, formatPercent, plural } from "@/lib/format";

/** Whether wrong answers are the search's doing or the model's. */
export function AttributionPanel({ attribution }: { attribution: Attribution }) {
  const parts = prepareAttribution(attribution);
  const sentence = describeAttribution(attribution);
  return (
    <Panel title="Where answers went wrong" hint={`Of ${plural(totalOf(attribution), "answer")} whose accepted answer could stand in a passage.`} flush>
      <div className="flex flex-col gap-3 px-4 pt-4 pb-3">
        <StackedBar label={sentence} parts={parts.map(({ fate, label, share }) => ({ name: label, share, fill: fateFills[fate] }))} />
        <p className="text-ink">{sentence}</p>
      </div>
      <dl className="grid overflow-hidden border-t sm:grid-cols-2 lg:grid-cols-4">
        {parts.map(({ fate, label, right, meaning, count, share }) => (
          <div key={fate} className="-mt-px -ml-px border-t border-l px-4 py-3">
            <dt className="text-xs text-ink">
              <FateName fate={fate} label={label} right={right} />
            </dt>
            <dd className="num flex items-baseline gap-2">
              <span className="font-serif text-2xl text-ink">{formatCount(count)}</span>
              <span className="text-xs">{formatPercent(share)}</span>
            </dd>
            <dd className="mt-0.5 text-xs">{meaning}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
