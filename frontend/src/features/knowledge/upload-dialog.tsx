import { UploadForm, type UploadDialogProps } from "@/components/data/upload-form";
import { Dialog } from "@/components/ui/dialog";

import { FormatHelp } from "./format-help";
import type { Version } from "./prepare";
import { useAddBase } from "./use-add-base";

const ENDINGS = [".jsonl", ".ndjson", ".json", ".md", ".markdown", ".txt"];

export function UploadDialog({ open, onOpenChange, base, ...props }: UploadDialogProps<Version>) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={base ? "Upload a version" : "Upload a knowledge base"}
      description="JSONL, JSON, Markdown or plain text, one or several files. If a line is wrong, nothing is stored and every wrong line is listed."
      className="max-w-lg"
    >
      <KnowledgeForm base={base} onClose={() => onOpenChange(false)} {...props} />
    </Dialog>
  );
}

interface KnowledgeFormProps extends Pick<UploadDialogProps<Version>, "base" | "known" | "onAdded"> {
  onClose: () => void;
}

/** Mounted while the dialog is open, so that each opening starts afresh. */
function KnowledgeForm({ base, ...props }: KnowledgeFormProps) {
  return (
    <UploadForm
      noun="knowledge base"
      unit="article"
      base={base}
      endings={ENDINGS}
      hint=".jsonl, .json, .md or .txt, in UTF-8"
      multiple
      namePlaceholder="my_articles"
      fileField="files"
      {...useAddBase()}
      variables={(name, files) => ({ name, files })}
      help={<FormatHelp />}
      {...props}
    />
  );
}
