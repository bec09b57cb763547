import type { ReactNode } from "react";

/** Facts by name, one a row; for the body of a flush panel. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className="divide-y">{children}</dl>;
}

export function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="grid grid-cols-[5.5rem_minmax(0,1fr)] gap-3 px-4 py-2.5">
      <dt className="text-xs leading-5">{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
