import { cva, type VariantProps } from "class-variance-authority";
import type { ComponentProps } from "react";

import { cn } from "@/lib/utils";

const badgeVariants = cva(
  "inline-flex h-5 items-center gap-1 rounded-full border px-2 text-xs font-medium whitespace-nowrap [&_svg]:size-3",
  {
    variants: {
      tone: {
        plain: "border-line bg-line/40 text-muted",
        good: "border-good/25 bg-good/8 text-good",
        bad: "border-bad/25 bg-bad/8 text-bad",
        warn: "border-warn/25 bg-warn/8 text-warn",
        info: "border-info/25 bg-info/8 text-info",
      },
    },
    defaultVariants: { tone: "plain" },
  },
);

export type Tone = NonNullable<VariantProps<typeof badgeVariants>["tone"]>;

export function Badge({ className, tone, ...props }: ComponentProps<"span"> & { tone?: Tone }) {
  return <span className={cn(badgeVariants({ tone }), className)} {...props} />;
}
