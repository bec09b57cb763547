"use client";

import { Check, Copy } from "lucide-react";
import { useState } from "react";

import { Button } from "@/components/ui/button";
import type { Segment } from "@/lib/highlight";
import { cn } from "@/lib/utils";

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <Button
      variant="ghost"
      size="icon-sm"
      aria-label={copied ? "Copied" : label}
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => {
          setCopied(true);
          setTimeout(() => setCopied(false), 1500);
        });
      }}
    >
      {copied ? <Check className="text-good" /> : <Copy />}
    </Button>
  );
}

interface VerbatimProps {
  children: string;
  label: string;
  className?: string;
  /** The same text in segments, some of them marked. */
  segments?: Segment[];
}

/** Text written by a model or read from a file: shown unchanged, never as markup. */
export function Verbatim({ children, label, className, segments }: VerbatimProps) {
  return (
    <figure className="min-w-0 overflow-hidden rounded-md border">
      <figcaption className="flex h-8 items-center justify-between border-b bg-line/30 pr-1 pl-3 text-xs font-medium text-ink">
        <span className="truncate" title={label}>
          {label}
        </span>
        <CopyButton text={children} label={`Copy ${label.toLowerCase()}`} />
      </figcaption>
      <pre tabIndex={0} className={cn("verbatim max-h-80 overflow-y-auto px-3 py-2 text-ink", className)}>
        {children === "" ? (
          <span className="text-muted italic">(empty)</span>
        ) : segments ? (
          segments.map(({ text, marked }, index) =>
            marked ? (
              <mark key={index} className="rounded-[2px] bg-data-5/35 text-ink">
                {text}
              </mark>
            ) : (
              text
            ),
          )
        ) : (
          children
        )}
      </pre>
    </figure>
  );
}
