import { useState } from "react";

import { UploadForm, type UploadDialogProps } from "@/components/data/upload-form";
import { Dialog } from "@/components/ui/dialog";
import { describedBy, Field, Select } from "@/components/ui/field";

import { ColumnMapping } from "./column-mapping";
import { FormatHelp } from "./format-help";
import { type Mapping, pairsOf } from "./mapping";
import type { Version } from "./prepare";
import { ruleOf, rules } from "./rules";
import { useAddDataset } from "./use-add-dataset";

const BY_FORMAT = "A file in a published format is scored by the rule of its dataset, any other as squad.";
const ENDINGS = [".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".xlsx", ".parquet"];

export function UploadDialog({ open, onOpenChange, base, ...props }: UploadDialogProps<Version>) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={base ? "Upload a version" : "Upload a dataset"}
      description="JSONL, CSV, Excel, Parquet, or a published file of TriviaQA, HotpotQA, SQuAD or GSM8K. If a line is wrong, nothing is stored and every wrong line is listed."
      className="max-w-lg"
    >
      <DatasetForm base={base} onClose={() => onOpenChange(false)} {...props} />
    </Dialog>
  );
}

interface DatasetFormProps extends Pick<UploadDialogProps<Version>, "base" | "known" | "onAdded"> {
  onClose: () => void;
}

/** Mounted while the dialog is open, so that each opening starts afresh. */
function DatasetForm({ base, ...props }: DatasetFormProps) {
  const [scoring, setScoring] = useState(base?.scoring ?? "");
  const [mapping, setMapping] = useState<{ file?: File; columns: Mapping }>({ columns: {} });
  const { upload, sent } = useAddDataset();
  // What was chosen for one file says nothing of another.
  const columnsOf = (file: File) => (mapping.file === file ? mapping.columns : {});
  return (
    <UploadForm
      noun="dataset"
      unit="question"
      base={base}
      endings={ENDINGS}
      hint=".jsonl, .csv, .xlsx, .parquet or .json"
      namePlaceholder="my_questions"
      fileField="file"
      upload={upload}
      sent={sent}
      variables={(name, [file]) => ({ name, scoring, file, map: pairsOf(columnsOf(file)) })}
      controls={{
        map: (error, [file]) =>
          file && (
            <ColumnMapping
              file={file}
              mapping={columnsOf(file)}
              error={error}
              onChange={(columns) => {
                upload.reset();
                setMapping({ file, columns });
              }}
            />
          ),
        scoring: (error) => (
          <ScoringField
            value={scoring}
            error={error}
            onChange={(next) => {
              upload.reset();
              setScoring(next);
            }}
          />
        ),
      }}
      help={<FormatHelp scoring={scoring} />}
      {...props}
    />
  );
}

function ScoringField({ value, error, onChange }: { value: string; error: string | undefined; onChange: (scoring: string) => void }) {
  return (
    <Field label="Scoring" htmlFor="dataset-scoring" hint={ruleOf(value)?.judged ?? BY_FORMAT} error={error}>
      <Select {...describedBy("dataset-scoring", error, true)} value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">By the format of the file</option>
        {rules.map(({ value: rule, use }) => (
          <option key={rule} value={rule}>
            {rule} – {use}
          </option>
        ))}
      </Select>
    </Field>
  );
}
