import { Fragment } from "react";

import type { Schemas } from "@/lib/api/client";
import { formatDuration } from "@/lib/format";
import { cn } from "@/lib/utils";

import { prepareWaterfall } from "./waterfall-prepare";

/** Where the time of a run went: its stages, one after the other. */
export function Waterfall({ stages }: { stages: Schemas["StageOut"][] }) {
  const { total, steps } = prepareWaterfall(stages);
  return (
    <section aria-label="Where the time went" className="min-w-0 overflow-hidden rounded-md border">
      <header className="border-b bg-line/30 px-3 py-1.5">
        <h3 className="font-sans text-xs font-medium">Where the time went</h3>
        <p className="text-xs">{formatDuration(total)} in all; outlined: waiting for other questions.</p>
      </header>
      <table className="w-full table-fixed text-xs">
        <caption className="sr-only">Stages of the run in their order, with their times</caption>
        <colgroup>
          <col className="w-30 sm:w-40" />
          <col />
          <col className="w-20" />
        </colgroup>
        <tbody>
          {steps.map(({ step, rows }, index) => (
            <Fragment key={index}>
              {(step !== null || index > 0) && (
                <tr className="border-t first:border-t-0">
                  <th scope="rowgroup" colSpan={3} className="px-3 pt-1.5 text-left font-medium text-ink">
                    {step === null ? "After the last step" : `Step ${step + 1}`}
                  </th>
                </tr>
              )}
              {rows.map(({ label, swatch, left, width, time }, place) => (
                <tr key={place}>
                  <th scope="row" className="truncate py-0.5 pl-3 text-left font-normal" title={label}>
                    {label}
                  </th>
                  <td className="px-2 py-0.5">
                    <span aria-hidden="true" className="block h-3 w-full overflow-hidden rounded-sm bg-line/40">
                      <span
                        className={cn("block h-full min-w-0.5 rounded-[2px]", swatch || "border border-muted")}
                        style={{ marginLeft: `min(${left}%, 100% - 2px)`, width: `${width}%` }}
                      />
                    </span>
                  </td>
                  <td className="num py-0.5 pr-3 text-right text-ink">{time}</td>
                </tr>
              ))}
            </Fragment>
          ))}
        </tbody>
      </table>
    </section>
  );
}
