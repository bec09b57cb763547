"use client";

import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";

import { Button } from "@/components/ui/button";
import { copyText } from "@/lib/clipboard";
import type { Segment } from "@/lib/highlight";
import { cn } from "@/lib/utils";

import { useFolded } from "./long-text";

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <Button
      variant="ghost"
      size="icon-sm"
      aria-label={copied ? "Copied" : label}
      onClick={() => {
        void copyText(text).then((done) => {
          if (!done) {
            toast.error("This browser does not let the page copy. Select the text and copy it.");
            return;
          }
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

/** Text written by a model or read from a file: shown unchanged, never as markup; of a long one the beginning. */
export function Verbatim({ children, label, className, segments }: VerbatimProps) {
  const { content, controls } = useFolded(children, segments);
  return (
    <figure className="min-w-0 overflow-hidden rounded-md border">
      <figcaption className="flex h-8 items-center justify-between border-b bg-line/30 pr-1 pl-3 text-xs font-medium text-ink">
        <span className="truncate" title={label}>
          {label}
        </span>
        <CopyButton text={children} label={`Copy ${label.toLowerCase()}`} />
      </figcaption>
      <pre tabIndex={0} dir="auto" className={cn("verbatim max-h-80 overflow-y-auto px-3 py-2 text-ink", className)}>
        {children === "" ? <span className="text-muted italic">(empty)</span> : content}
      </pre>
      {controls}
    </figure>
  );
}
