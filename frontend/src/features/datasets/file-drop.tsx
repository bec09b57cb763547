import { FileText, Upload } from "lucide-react";
import { type DragEvent, useId, useState } from "react";

import { cn } from "@/lib/utils";

import { formatBytes } from "./prepare";

interface FileDropProps {
  file: File | null;
  error?: string;
  onFile: (file: File) => void;
}

/** A place to drop a file; a click on it, or the keyboard, chooses one. */
export function FileDrop({ file, error, onFile }: FileDropProps) {
  const id = useId();
  const [over, setOver] = useState(false);
  const Icon = file ? FileText : Upload;
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const dropped = event.dataTransfer.files[0];
    if (dropped) onFile(dropped);
  };
  return (
    <div className="flex flex-col gap-1">
      <label
        htmlFor={id}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
        className={cn(
          "flex min-h-24 cursor-pointer flex-col items-center justify-center gap-1 rounded-md border border-dashed px-4 py-4 text-center transition-colors hover:border-muted/50 hover:bg-line/25 has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-ink",
          over && "border-ink bg-line/40",
          error && "border-bad",
        )}
      >
        <Icon aria-hidden="true" className="size-4" />
        <span className="max-w-full truncate font-medium text-ink">{file ? file.name : "Drop a file here, or choose one"}</span>
        <span className="num text-xs">{file ? `${formatBytes(file.size)} · choose another` : ".jsonl or .csv, in UTF-8"}</span>
        <input
          id={id}
          type="file"
          accept=".jsonl,.ndjson,.csv"
          aria-invalid={error ? true : undefined}
          aria-describedby={error ? `${id}-error` : undefined}
          className="sr-only"
          onChange={(event) => {
            const chosen = event.target.files?.[0];
            if (chosen) onFile(chosen);
            // The same file, mended, can be chosen again.
            event.target.value = "";
          }}
        />
      </label>
      {error && (
        <p id={`${id}-error`} className="text-xs text-bad">
          {error}
        </p>
      )}
    </div>
  );
}
