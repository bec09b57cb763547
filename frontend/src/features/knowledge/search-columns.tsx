import { Info } from "lucide-react";
import type { ReactNode } from "react";

import { PassageItem } from "@/components/retrieval/passage";
import { Skeleton } from "@/components/ui/skeleton";

import { type Column, variants } from "./prepare";

const PASSAGES = 3;

/** Columns side by side with heads of equal height; one below the other on narrow screens. */
function Columns({ children }: { children: ReactNode }) {
  return <div className="grid divide-y border-t lg:grid-cols-3 lg:grid-rows-[auto_1fr] lg:divide-x lg:divide-y-0">{children}</div>;
}

const COLUMN = "min-w-0 lg:row-span-2 lg:grid lg:grid-rows-subgrid";

export function SearchColumns({ columns }: { columns: Column[] }) {
  return (
    <Columns>
      {columns.map((column) => (
        <section key={column.variant} aria-label={column.label} className={COLUMN}>
          <ColumnHead {...column} />
          {column.message ? (
            <p role="note" className="flex gap-2 px-4 py-3 text-xs">
              <Info aria-hidden="true" className="mt-px size-3.5 shrink-0" />
              <span className="min-w-0 [overflow-wrap:anywhere]">{column.message}</span>
            </p>
          ) : column.passages.length > 0 ? (
            <ol className="divide-y">
              {column.passages.map((one, index) => (
                <li key={one.passage.id}>
                  <PassageItem marked={one} rank={index + 1} />
                </li>
              ))}
            </ol>
          ) : (
            <p className="px-4 py-3">No passage found.</p>
          )}
        </section>
      ))}
    </Columns>
  );
}

function ColumnHead({ label, how, total = "", stages = "" }: Pick<Column, "label" | "how"> & Partial<Pick<Column, "total" | "stages">>) {
  return (
    <header className="border-b bg-line/25 px-4 py-2">
      <div className="flex items-baseline justify-between gap-3">
        <h3 className="text-lg leading-6">{label}</h3>
        {total && <span className="num shrink-0 text-xs font-medium text-ink">{total}</span>}
      </div>
      <p className="text-xs">{how}</p>
      {stages && <p className="num mt-0.5 text-xs">{stages}</p>}
    </header>
  );
}

/** The loading state. The first search starts a process and loads the models. */
export function SearchSkeleton() {
  return (
    <div role="status">
      <p className="border-t px-4 py-2.5 text-xs">Searching. The first search loads the models, which takes five to ten seconds; later ones are fast.</p>
      <Columns>
        {Object.values(variants).map(({ label, how }) => (
          <div key={label} className={COLUMN}>
            <ColumnHead label={label} how={how} />
            <div className="divide-y">
              {Array.from({ length: PASSAGES }, (_, index) => (
                <div key={index} className="flex flex-col gap-2 px-4 py-3">
                  <Skeleton className="h-4 w-3/5" />
                  <Skeleton className="h-5 w-4/5" />
                  <Skeleton className="h-20 w-full" />
                </div>
              ))}
            </div>
          </div>
        ))}
      </Columns>
    </div>
  );
}
