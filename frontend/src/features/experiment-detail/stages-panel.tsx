import { ChartPanel } from "@/components/charts/chart-panel";
import { StackedBar } from "@/components/charts/stacked-bar";
import { StageLegend } from "@/components/run/stage-legend";
import { describeParts, stageColour, stageParts, type StageProfile, totalOf } from "@/components/run/stages-prepare";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import { formatDuration, formatPercent, plural } from "@/lib/format";
import { cn } from "@/lib/utils";

interface StagesPanelProps {
  /** Of answers that were made. */
  made: StageProfile | null | undefined;
  /** Of answers that came from the cache. */
  cached: StageProfile | null | undefined;
}

/** Where the time of a question goes; nothing for results from before it was measured. */
export function StagesPanel({ made, cached }: StagesPanelProps) {
  const profile = made ?? cached;
  if (!profile) return null;
  const what = made ? "answered question without calls from the cache" : "question answered from the cache";
  const many = made ? "answered questions without calls from the cache" : "questions answered from the cache";
  return (
    <ChartPanel file="stages" title="Where the time goes" hint={`Of ${plural(profile.runs, what, many)}. The bar is a question's own time; waiting for other questions stands in the table alone.`} flush>
      <Profile profile={profile} />
      {made && cached && <p className="border-t px-4 py-3">{`From the cache: ${plural(cached.runs, "answer")}. ${cached.bottleneck}`}</p>}
    </ChartPanel>
  );
}

function Profile({ profile }: { profile: StageProfile }) {
  const parts = stageParts(profile);
  const total = totalOf(parts);
  return (
    <>
      <div className="flex flex-col gap-3 px-4 pt-4 pb-3">
        <StackedBar label={describeParts(parts)} parts={parts.map(({ label, ms, fill }) => ({ name: label, share: ms / total, fill }))} legend={({ name, share }) => `${name}: ${formatPercent(share)}`} />
        <StageLegend shown={new Set(parts.map(({ name }) => name))} />
        <p className="text-ink">{profile.bottleneck}</p>
      </div>
      <div className="border-t">
        <Table aria-label="Stages of a question">
          <thead>
            <tr>
              <Th>Stage</Th>
              <Th className="text-right">Share</Th>
              <Th className="text-right">p50</Th>
              <Th className="text-right">p95</Th>
              <Th className="text-right max-sm:hidden">Mean</Th>
            </tr>
          </thead>
          <tbody>
            {profile.stages.map(({ name, label, group, waits, share, p50_ms, p95_ms, mean_ms }) => (
              <Tr key={name}>
                <th scope="row" className="px-4 py-1.5 text-left font-normal text-ink">
                  <span className="flex items-center gap-1.5">
                    <span aria-hidden="true" className={cn("size-2.5 shrink-0 rounded-[2px]", waits ? "border" : stageColour(group).swatch)} />
                    {label}
                    {waits && <span className="text-xs text-muted">not in the bar</span>}
                  </span>
                </th>
                <Td className="num h-8 text-right whitespace-nowrap">{formatPercent(share)}</Td>
                <Td className="num h-8 text-right whitespace-nowrap">{formatDuration(p50_ms)}</Td>
                <Td className="num h-8 text-right whitespace-nowrap">{formatDuration(p95_ms)}</Td>
                <Td className="num h-8 text-right whitespace-nowrap max-sm:hidden">{formatDuration(mean_ms)}</Td>
              </Tr>
            ))}
          </tbody>
        </Table>
      </div>
    </>
  );
}
