import { type FormEvent, useState } from "react";
import { toast } from "sonner";

import { FileDrop } from "@/components/data/file-drop";
import { UploadError } from "@/components/data/upload-error";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { describedBy, Field, Input, Select } from "@/components/ui/field";
import { ApiError } from "@/lib/api/errors";
import { plural } from "@/lib/format";
import { nameOfFile, sortProblems } from "@/lib/uploads";

import { FormatHelp } from "./format-help";
import { checkUpload, FORM_FIELDS, type FormProblems, type Version } from "./prepare";
import { ruleOf, rules } from "./rules";
import { useAddDataset } from "./use-add-dataset";

const FORMATS_RULE = "A published file has the rule of its dataset; any other is scored as squad.";

interface UploadDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onAdded: (added: Version) => void;
  /** The dataset that gets another version; a new one without. */
  base?: Version;
  /** Names that are taken. */
  known: string[];
}

export function UploadDialog({ open, onOpenChange, base, ...props }: UploadDialogProps) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={base ? "Upload a version" : "Upload a dataset"}
      description="JSONL, CSV, or a published file of TriviaQA, HotpotQA, SQuAD or GSM8K. A file with a wrong line is refused whole, with each wrong line named."
      className="max-w-lg"
    >
      <UploadForm base={base} onClose={() => onOpenChange(false)} {...props} />
    </Dialog>
  );
}

interface UploadFormProps extends Omit<UploadDialogProps, "open" | "onOpenChange"> {
  onClose: () => void;
}

/** Lives as long as the dialog is open, so each opening begins anew. */
function UploadForm({ onClose, onAdded, base, known }: UploadFormProps) {
  const [name, setName] = useState(base?.name ?? "");
  const [scoring, setScoring] = useState(base?.scoring ?? "");
  const [file, setFile] = useState<File | null>(null);
  const [missing, setMissing] = useState<FormProblems["fields"]>({});
  const add = useAddDataset();
  const refused = sortProblems(add.error instanceof ApiError ? add.error.fields : {}, FORM_FIELDS);
  const fields = { ...refused.fields, ...missing };

  const touch = (field: keyof typeof missing) => {
    setMissing((before) => ({ ...before, [field]: undefined }));
    add.reset();
  };
  const choose = (chosen: File) => {
    touch("file");
    setFile(chosen);
    if (name === "") {
      touch("name");
      setName(nameOfFile(chosen.name));
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const problems = checkUpload(name, file);
    setMissing(problems);
    if (!file || Object.keys(problems).length > 0) return;
    add.mutate(
      { name, scoring, file },
      {
        onSuccess: (added) => {
          const what = `${added.name}: ${plural(added.size, "question")}, version ${added.version.slice(0, 8)}`;
          if (added.created) toast.success("Dataset added", { description: what });
          else toast("This very content was there already", { description: what });
          onAdded(added);
          onClose();
        },
      },
    );
  };

  const rule = ruleOf(scoring);
  const nameHint = !base && known.includes(name) ? "This name is taken: the file becomes a new version of it." : "Lower-case letters, digits, and . _ -";
  return (
    <form className="flex flex-col gap-4" onSubmit={submit} noValidate>
      <FileDrop
        files={file ? [file] : []}
        endings={[".jsonl", ".ndjson", ".json", ".csv"]}
        hint=".jsonl, .json or .csv, in UTF-8"
        error={fields.file}
        onFiles={([first]) => first && choose(first)}
      />
      <Field label="Name" htmlFor="dataset-name" hint={nameHint} error={fields.name}>
        <Input
          {...describedBy("dataset-name", fields.name, nameHint)}
          value={name}
          autoComplete="off"
          spellCheck={false}
          placeholder="my_questions"
          onChange={(event) => {
            touch("name");
            setName(event.target.value);
          }}
        />
      </Field>
      <Field label="Scoring" htmlFor="dataset-scoring" hint={rule?.judged ?? FORMATS_RULE} error={fields.scoring}>
        <Select
          {...describedBy("dataset-scoring", fields.scoring, true)}
          value={scoring}
          onChange={(event) => {
            touch("scoring");
            setScoring(event.target.value);
          }}
        >
          <option value="">by the file – As its format has it.</option>
          {rules.map(({ value, use }) => (
            <option key={value} value={value}>
              {value} – {use}
            </option>
          ))}
        </Select>
      </Field>
      <FormatHelp scoring={scoring} />
      {add.error && <UploadError error={add.error} problems={refused} />}
      <div className="sticky -bottom-5 -mx-5 -mb-5 flex justify-end gap-2 border-t bg-paper px-5 py-3">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" disabled={add.isPending}>
          {add.isPending ? "Uploading…" : "Upload"}
        </Button>
      </div>
    </form>
  );
}
