import { Check } from "lucide-react";
import { Checkbox as Radix } from "radix-ui";
import type { ComponentProps } from "react";

import { cn } from "@/lib/utils";

export function Checkbox({ className, ...props }: ComponentProps<typeof Radix.Root>) {
  return (
    <Radix.Root
      className={cn(
        "flex size-4 shrink-0 items-center justify-center rounded-sm border border-muted/60 bg-paper text-paper disabled:opacity-60 data-[state=checked]:border-ink data-[state=checked]:bg-ink",
        className,
      )}
      {...props}
    >
      <Radix.Indicator>
        <Check className="size-3" strokeWidth={3} />
      </Radix.Indicator>
    </Radix.Root>
  );
}
