import { FileText, Upload } from "lucide-react";
import { type DragEvent, useId, useState } from "react";

import { plural } from "@/lib/format";
import { formatBytes } from "@/lib/uploads";
import { cn } from "@/lib/utils";

interface FileDropProps {
  files: readonly File[];
  /** Endings of the files that are taken: `.jsonl`. */
  endings: readonly string[];
  /** The same in words. */
  hint: string;
  multiple?: boolean;
  error?: string;
  /** Called with at least one file; they replace those chosen before. */
  onFiles: (files: File[]) => void;
}

/** A drop zone for files; a click or a key press opens the file chooser. */
export function FileDrop({ files, endings, hint, multiple = false, error, onFiles }: FileDropProps) {
  const id = useId();
  const [over, setOver] = useState(false);
  const chosen = files.length > 0;
  const Icon = chosen ? FileText : Upload;
  const take = (list: FileList | null) => {
    const given = [...(list ?? [])].slice(0, multiple ? undefined : 1);
    if (given.length > 0) onFiles(given);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
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
        <span className="max-w-full truncate font-medium text-ink">{chosen ? namesOf(files) : multiple ? "Drop files here, or choose them" : "Drop a file here, or choose one"}</span>
        <span className="num text-xs">{chosen ? `${formatBytes(files.reduce((sum, { size }) => sum + size, 0))} · choose ${multiple ? "others" : "another"}` : hint}</span>
        <input
          id={id}
          type="file"
          accept={endings.join(",")}
          multiple={multiple}
          aria-invalid={error ? true : undefined}
          aria-describedby={error ? `${id}-error` : undefined}
          className="sr-only"
          onChange={(event) => {
            take(event.target.files);
            // So that the same file can be chosen again after it was corrected.
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

/** The name of a file, or of the first of several with their number. */
function namesOf(files: readonly File[]): string {
  const [first, ...rest] = files.map(({ name }) => name);
  return rest.length > 0 ? `${first ?? ""} and ${plural(rest.length, "file")} more` : (first ?? "");
}
