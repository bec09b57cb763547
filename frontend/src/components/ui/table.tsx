import type { ComponentProps } from "react";

import { cn } from "@/lib/utils";

/** A table that scrolls sideways within itself where it is wider than the page. */
export function Table({ className, ...props }: ComponentProps<"table">) {
  return (
    // A region that scrolls has to be reachable by keyboard.
    <div className="relative w-full overflow-x-auto" tabIndex={0} role="region" aria-label={props["aria-label"]}>
      <table className={cn("w-full border-collapse text-sm", className)} {...props} />
    </div>
  );
}

export function Th({ className, ...props }: ComponentProps<"th">) {
  return (
    <th
      scope="col"
      className={cn("h-9 border-b px-3 text-left text-xs font-medium whitespace-nowrap first:pl-4 last:pr-4", className)}
      {...props}
    />
  );
}

export function Tr({ className, ...props }: ComponentProps<"tr">) {
  return <tr className={cn("border-b transition-colors last:border-b-0", className)} {...props} />;
}

export function Td({ className, ...props }: ComponentProps<"td">) {
  return <td className={cn("h-10 px-3 py-0.5 first:pl-4 last:pr-4", className)} {...props} />;
}
