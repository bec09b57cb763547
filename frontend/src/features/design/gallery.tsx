"use client";

import { Play, Search } from "lucide-react";
import type { ReactNode } from "react";

import { IntervalBar } from "@/components/charts/interval-bar";
import { StatusBadge } from "@/components/experiment/status-badge";
import { OutageNotice } from "@/components/layout/outage";
import { outageOf } from "@/components/layout/outage-text";
import { Page } from "@/components/layout/page";
import { RunMark } from "@/components/run/run-mark";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Field, Input, Select } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import { Progress } from "@/components/ui/progress";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import { ApiError } from "@/lib/api/errors";
import { formatCost, formatCount, formatDuration, formatInterval, formatNumber, formatPercent, formatPoints } from "@/lib/format";

import { Colours } from "./colours";

const seen = { health: undefined, slow: false, api: "https://you-llmforge.hf.space", elsewhere: true, hasData: false };
const notices = [
  outageOf({ ...seen, error: new ApiError(503, {}) }),
  outageOf({
    ...seen,
    error: new ApiError(0, {
      code: "origin_refused",
      message: "The API at https://you-llmforge.hf.space works, but does not accept requests from pages of https://lab.example.",
      hint: "Add https://lab.example to LLMFORGE_CORS_ORIGINS of the API, and restart it.",
    }),
  }),
];

/** The design system, shown with the real components; the pictures of DESIGN_SYSTEM.md are taken here. */
export function Gallery() {
  return (
    <Page title="Design system" lead="What DESIGN_SYSTEM.md describes, shown with the real components.">
      <Sample id="colours" title="Colours">
        <Colours />
      </Sample>
      <Sample id="type" title="Type">
        <div className="flex flex-col gap-2">
          <p className="font-serif text-4xl leading-10 text-ink">Page title, Instrument Serif 36 / 40</p>
          <p className="font-serif text-xl leading-6 text-ink">Panel title, Instrument Serif 20 / 24</p>
          <p className="text-base font-medium text-ink">Important figure, Inter 16 medium</p>
          <p>Body, Inter 14 / 20 in taupe; emphasis in dark brown.</p>
          <p className="text-xs">Notes, labels and column heads, Inter 12 / 16</p>
          <p className="verbatim text-ink">Model output, unchanged: monospaced 12.5 / 19</p>
        </div>
      </Sample>
      <Sample id="spacing" title="Spacing and radius">
        <Spacing />
      </Sample>
      <Sample id="controls" title="Buttons and fields">
        <div className="flex flex-wrap items-center gap-2">
          <Button variant="primary">
            <Play aria-hidden="true" />
            Primary
          </Button>
          <Button>Outline</Button>
          <Button variant="ghost">Ghost</Button>
          <Button variant="danger">Danger</Button>
          <Button disabled>Disabled</Button>
          <Button size="sm">Small</Button>
          <Button size="icon" aria-label="Search">
            <Search />
          </Button>
        </div>
        <div className="mt-4 grid gap-4 sm:grid-cols-3">
          <Field label="A field" htmlFor="sample-a" hint="A hint says what is expected.">
            <Input id="sample-a" placeholder="its default" />
          </Field>
          <Field label="A wrong one" htmlFor="sample-b" error="must be at least 1">
            <Input id="sample-b" defaultValue="0" aria-invalid />
          </Field>
          <Field label="A choice" htmlFor="sample-c">
            <Select id="sample-c">
              <option>trivia_qa</option>
            </Select>
          </Field>
        </div>
      </Sample>
      <Sample id="focus" title="Focus">
        <div className="flex flex-wrap gap-4 p-1">
          {/* The outline that keyboard focus draws. */}
          <Button className="outline-2 outline-offset-2 outline-ink">In focus</Button>
          <Button>Not in focus</Button>
        </div>
      </Sample>
      <Sample id="table" title="Tables" flush>
        <SampleTable />
      </Sample>
      <Sample id="numbers" title="Numbers" flush>
        <Numbers />
      </Sample>
      <Sample id="states" title="States">
        <div className="flex flex-wrap gap-2">
          <StatusBadge status="PENDING" queued={false} />
          <StatusBadge status="PENDING" queued />
          <StatusBadge status="RUNNING" queued={false} />
          <StatusBadge status="COMPLETED" queued={false} />
          <StatusBadge status="FAILED" queued={false} />
          <StatusBadge status="CANCELLED" queued={false} />
          <RunMark status="ok" value={1} failure={null} />
          <RunMark status="ok" value={0.4} failure={null} />
          <RunMark status="ok" value={0} failure={null} />
          <RunMark status="failed" value={null} failure="rate_limit" />
          <Badge>plain</Badge>
        </div>
        <Progress done={62} total={100} failed={7} label="Sample progress" className="mt-4" />
      </Sample>
      <div className="grid gap-5 md:grid-cols-3">
        <Sample id="empty" title="Empty" flush>
          <Empty title="No experiments yet" action={<Button size="sm">Create the first one</Button>}>
            What would be here, and what to do.
          </Empty>
        </Sample>
        <Sample id="loading" title="Loading" flush>
          <SkeletonRows rows={4} />
        </Sample>
        <Sample id="error" title="Error" flush>
          <Failure error={new Error("The LlmForge API does not answer.")} what="the runs" onRetry={() => undefined} />
        </Sample>
      </div>
      <Sample id="notices" title="Notices" flush>
        {notices.map((outage) => outage && <OutageNotice key={outage.title} outage={outage} fromStart />)}
      </Sample>
    </Page>
  );
}

function Sample({ id, title, flush = false, children }: { id: string; title: string; flush?: boolean; children: ReactNode }) {
  return (
    <Panel id={id} title={title} flush={flush}>
      {children}
    </Panel>
  );
}

function Spacing() {
  const steps = [
    ["4", "w-1"],
    ["8", "w-2"],
    ["12", "w-3"],
    ["16", "w-4"],
    ["20", "w-5"],
    ["32", "w-8"],
  ] as const;
  return (
    <div className="flex flex-wrap items-end gap-6">
      {steps.map(([name, width]) => (
        <div key={name} className="flex flex-col items-center gap-1 text-xs">
          <div className={`${width} h-8 bg-data-1/60`} />
          {name}
        </div>
      ))}
      <div className="flex h-8 w-20 items-center justify-center rounded-sm border text-xs">4, mark</div>
      <div className="flex h-8 w-24 items-center justify-center rounded-md border text-xs">6, field</div>
      <div className="flex h-12 w-24 items-center justify-center rounded-lg border text-xs">10, panel</div>
      <div className="flex h-9 w-24 items-center justify-center rounded-full border text-xs">full, button</div>
    </div>
  );
}

function SampleTable() {
  return (
    <Table aria-label="Sample">
      <thead>
        <tr>
          <Th>Experiment</Th>
          <Th>Status</Th>
          <Th className="w-56">Exact match, 95 % interval</Th>
          <Th className="text-right">Latency p50</Th>
        </tr>
      </thead>
      <tbody>
        {[0.72, 0.495].map((value) => (
          <Tr key={value}>
            <Td>
              <span className="block leading-4.5 font-medium text-ink">One row is 40 pixels high</span>
              <span className="block text-xs leading-4">with a note as its second line</span>
            </Td>
            <Td>
              <StatusBadge status="COMPLETED" queued={false} />
            </Td>
            <Td>
              <IntervalBar value={value} low={value - 0.1} high={value + 0.08} />
            </Td>
            <Td className="text-right">{formatDuration(value * 1000)}</Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

function Numbers() {
  const rows: [string, string][] = [
    ["A share, with its interval", `${formatPercent(0.367)} ${formatInterval(0.219, 0.545)}`],
    ["A difference in points, always with its sign", `${formatPoints(0.08)}, ${formatPoints(-0.025)}, ${formatPoints(0)}`],
    ["A count", formatCount(12_345)],
    ["Any other number: three significant digits", `${formatNumber(0.123456)}, ${formatNumber(66.2619)}`],
    ["A time: milliseconds under a second", `${formatDuration(43.85)}, ${formatDuration(1234)}, ${formatDuration(125_000)}`],
    ["Money; unknown is not zero", `${formatCost(0.00123)}, ${formatCost(12.5)}, ${formatCost(null)}`],
    ["An unknown value", formatNumber(null)],
  ];
  return (
    <dl className="divide-y">
      {rows.map(([label, value]) => (
        <div key={label} className="flex flex-wrap justify-between gap-x-6 px-4 py-2">
          <dt>{label}</dt>
          <dd className="num text-ink">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
