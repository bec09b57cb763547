import { ChartPanel } from "@/components/charts/chart-panel";
import { StackedBar } from "@/components/charts/stacked-bar";
import { outcomeFills, OutcomeLabel } from "@/components/retrieval/attribution";
import { describeAttribution, prepareAttribution, totalOf } from "@/components/retrieval/attribution-prepare";
import { formatCount, formatPercent, plural } from "@/lib/format";
import type { Attribution } from "@/lib/metrics";

/** Whether wrong answers are errors of retrieval or of the model. */
export function AttributionPanel({ attribution }: { attribution: Attribution }) {
  const parts = prepareAttribution(attribution);
  const sentence = describeAttribution(attribution);
  return (
    <ChartPanel file="attribution" title="Answer attribution" hint={`Of ${plural(totalOf(attribution), "answer")}; yes/no and arithmetic questions are left out.`} flush>
      <div className="flex flex-col gap-3 px-4 pt-4 pb-3">
        <StackedBar label={sentence} parts={parts.map(({ name, label, share }) => ({ name: label, share, fill: outcomeFills[name] }))} legend={({ name, share }) => `${name}: ${formatPercent(share)}`} />
        <p className="text-ink">{sentence}</p>
      </div>
      <dl className="grid overflow-hidden border-t sm:grid-cols-2 lg:grid-cols-4">
        {parts.map(({ name, label, right, meaning, count, share }) => (
          <div key={name} className="-mt-px -ml-px border-t border-l px-4 py-3">
            <dt className="text-xs text-ink">
              <OutcomeLabel name={name} label={label} right={right} />
            </dt>
            <dd className="num flex items-baseline gap-2">
              <span className="font-serif text-2xl text-ink">{formatCount(count)}</span>
              <span className="text-xs">{formatPercent(share)}</span>
            </dd>
            <dd className="mt-0.5 text-xs">{meaning}</dd>
          </div>
        ))}
      </dl>
    </ChartPanel>
  );
}
