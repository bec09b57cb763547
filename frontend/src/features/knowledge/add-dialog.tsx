import { type FormEvent, useState } from "react";
import { toast } from "sonner";

import { FileDrop } from "@/components/data/file-drop";
import { UploadError } from "@/components/data/upload-error";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { describedBy, Field, Input } from "@/components/ui/field";
import { ApiError } from "@/lib/api/errors";
import { plural } from "@/lib/format";
import { nameOfFile, sortProblems } from "@/lib/uploads";

import { FormatHelp } from "./format-help";
import { checkUpload, ENDINGS, FORM_FIELDS, type FormProblems, type Version } from "./prepare";
import { useAddBase } from "./use-add-base";

interface AddDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onAdded: (added: Version) => void;
  /** The knowledge base that gets another version; a new one without. */
  base?: Version;
  /** Names that are taken. */
  known: string[];
}

export function AddDialog({ open, onOpenChange, base, ...props }: AddDialogProps) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={base ? "Add a version" : "Add a knowledge base"}
      description="JSONL, JSON, Markdown or plain text, one or several files. With a wrong line nothing is imported, and each wrong line is named."
      className="max-w-lg"
    >
      <AddForm base={base} onClose={() => onOpenChange(false)} {...props} />
    </Dialog>
  );
}

interface AddFormProps extends Omit<AddDialogProps, "open" | "onOpenChange"> {
  onClose: () => void;
}

/** Lives as long as the dialog is open, so each opening begins anew. */
function AddForm({ onClose, onAdded, base, known }: AddFormProps) {
  const [name, setName] = useState(base?.name ?? "");
  const [files, setFiles] = useState<File[]>([]);
  const [missing, setMissing] = useState<FormProblems["fields"]>({});
  const add = useAddBase();
  const refused = sortProblems(add.error instanceof ApiError ? add.error.fields : {}, FORM_FIELDS);
  const fields = { ...refused.fields, ...missing };

  const touch = (field: keyof typeof missing) => {
    setMissing((before) => ({ ...before, [field]: undefined }));
    add.reset();
  };
  const choose = (chosen: File[]) => {
    touch("files");
    setFiles(chosen);
    if (name === "") {
      touch("name");
      setName(nameOfFile(chosen[0]?.name ?? ""));
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const problems = checkUpload(name, files);
    setMissing(problems);
    if (Object.keys(problems).length > 0) return;
    add.mutate(
      { name, files },
      {
        onSuccess: (added) => {
          const what = `${added.name}: ${plural(added.size, "article")}, version ${added.version.slice(0, 8)}`;
          if (added.created) toast.success("Knowledge base added", { description: what });
          else toast("This very content was there already", { description: what });
          onAdded(added);
          onClose();
        },
      },
    );
  };

  const nameHint = !base && known.includes(name) ? "This name is taken: the files become a new version of it." : "Lower-case letters, digits, and . _ -";
  return (
    <form className="flex flex-col gap-4" onSubmit={submit} noValidate>
      <FileDrop files={files} endings={ENDINGS} hint=".jsonl, .json, .md or .txt, in UTF-8" multiple error={fields.files} onFiles={choose} />
      <Field label="Name" htmlFor="base-name" hint={nameHint} error={fields.name}>
        <Input
          {...describedBy("base-name", fields.name, nameHint)}
          value={name}
          autoComplete="off"
          spellCheck={false}
          placeholder="my_articles"
          onChange={(event) => {
            touch("name");
            setName(event.target.value);
          }}
        />
      </Field>
      <FormatHelp />
      {add.error && <UploadError error={add.error} problems={refused} />}
      <div className="sticky -bottom-5 -mx-5 -mb-5 flex justify-end gap-2 border-t bg-paper px-5 py-3">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" disabled={add.isPending}>
          {add.isPending ? "Adding…" : "Add"}
        </Button>
      </div>
    </form>
  );
}
