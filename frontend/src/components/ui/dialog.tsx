import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";

import { cn } from "@/lib/utils";

import { Button } from "./button";

interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: string;
  children: ReactNode;
  className?: string;
}

/** A modal window; Escape or a click outside closes it, and the focus returns to where it was. */
export function Dialog({ open, onOpenChange, title, description, children, className }: DialogProps) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-shade/45" />
        <Radix.Content
          aria-describedby={description ? undefined : ""}
          className={cn(
            "fixed top-1/2 left-1/2 z-50 max-h-[90dvh] w-[calc(100vw-2rem)] max-w-md -translate-1/2 overflow-y-auto rounded-lg border bg-paper p-5 shadow-pop",
            className,
          )}
        >
          <Radix.Title className="pr-8 text-2xl">{title}</Radix.Title>
          {description && <Radix.Description className="mt-1">{description}</Radix.Description>}
          <Radix.Close asChild>
            <Button variant="ghost" size="icon-sm" className="absolute top-4 right-4" aria-label="Close">
              <X />
            </Button>
          </Radix.Close>
          <div className="mt-4">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
