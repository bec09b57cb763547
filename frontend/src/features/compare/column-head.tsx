import type { ReactNode } from "react";

import { Th } from "@/components/ui/table";

interface ColumnHeadProps {
  letter: string;
  name: string;
  /** A note after the name. */
  children?: ReactNode;
}

/** The head of an experiment's column: its letter and its name. */
export function ColumnHead({ letter, name, children }: ColumnHeadProps) {
  return (
    <Th className="max-w-48 min-w-28 sm:min-w-36">
      <span className="flex items-center gap-1.5">
        <span className="font-serif text-base text-ink">{letter}</span>
        <span className="truncate" title={name}>
          {name}
        </span>
        {children}
      </span>
    </Th>
  );
}
