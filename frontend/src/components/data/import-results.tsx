"use client";

import { useQuery } from "@tanstack/react-query";
import { FileInput } from "lucide-react";
import { type FormEvent, useState } from "react";

import { type ColumnRoles, lacking, pairsOf } from "./answer-columns";
import { AnswerColumns } from "./answer-columns-table";
import { FileDrop } from "./file-drop";
import { UploadError } from "./upload-error";
import { IfMayWrite } from "@/components/layout/read-only";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { describedBy, Field, FieldSet, Select } from "@/components/ui/field";
import { Progress } from "@/components/ui/progress";
import { ApiError } from "@/lib/api/errors";
import { datasetQueries } from "@/lib/api/queries";
import { sortProblems } from "@/lib/uploads";

import { ImportedList } from "./imported-list";
import { importQueries, useImport } from "@/lib/api/imports";

const ENDINGS = [".eval", ".json", ".jsonl", ".csv", ".tsv"];
const OWN = "The questions become a dataset of their own, named by harness and task.";
const FOUND = "Its questions are found by their text, or by their ids; one that it lacks refuses the import.";

/** A button that opens the import of other harnesses' results. */
export function ImportResults() {
  const [open, setOpen] = useState(false);
  return (
    <IfMayWrite>
      <Button onClick={() => setOpen(true)}>
        <FileInput aria-hidden="true" />
        Import results
      </Button>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title="Import results"
        description="Logs of Inspect (.eval), lm-evaluation-harness (samples and results) or promptfoo, or a file of answers. Each evaluation becomes an experiment that is never run. All files are imported, or none."
        className="max-w-lg"
      >
        <ImportForm onClose={() => setOpen(false)} />
      </Dialog>
    </IfMayWrite>
  );
}

/** Mounted while the dialog is open, so that each opening starts afresh. */
function ImportForm({ onClose }: { onClose: () => void }) {
  const [files, setFiles] = useState<File[]>([]);
  const [dataset, setDataset] = useState("");
  const [roles, setRoles] = useState<ColumnRoles>({});
  const [submitted, setSubmitted] = useState(false);
  const datasets = useQuery(datasetQueries.list());
  const { upload, sent } = useImport();
  const [plain] = files.length === 1 ? files : [];
  const columns = useQuery({ ...importQueries.columns(plain), enabled: plain !== undefined });
  const mapped = plain && columns.data && columns.data.columns.length > 0 ? columns.data : undefined;
  if (upload.data) return <ImportedList imported={upload.data} onClose={onClose} />;

  const names = [...new Set((datasets.data ?? []).map(({ name }) => name))];
  const problems = sortProblems(upload.error instanceof ApiError ? upload.error.fields : {}, ["files", "dataset", "map"]);
  const missing = submitted && files.length === 0 ? "Choose a file." : problems.fields.files;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setSubmitted(true);
    const lacks = mapped ? lacking(mapped, roles) : "";
    if (files.length > 0 && lacks === "") upload.mutate({ files, dataset, map: mapped ? pairsOf(mapped, roles) : [] });
  };
  const changed = (change: () => void) => {
    upload.reset();
    change();
  };
  const hint = dataset ? FOUND : OWN;
  return (
    <form className="flex flex-col gap-4" onSubmit={submit} noValidate>
      <FileDrop files={files} endings={ENDINGS} hint=".eval, .json, .jsonl or .csv" multiple error={missing} onFiles={(chosen) => changed(() => { setFiles(chosen); setRoles({}); })} />
      <Field label="Dataset" htmlFor="import-dataset" hint={hint} error={problems.fields.dataset}>
        <Select {...describedBy("import-dataset", problems.fields.dataset, hint)} value={dataset} onChange={(event) => changed(() => setDataset(event.target.value))}>
          <option value="">A new one</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </Select>
      </Field>
      {mapped && (
        <FieldSet id="import-columns" label="Columns" error={(submitted && lacking(mapped, roles)) || problems.fields.map}>
          <AnswerColumns file={mapped} chosen={roles} onChange={(chosen) => changed(() => setRoles(chosen))} />
        </FieldSet>
      )}
      {upload.error && <UploadError error={upload.error} problems={problems} />}
      {upload.isPending && <Progress done={Math.round(sent * 100)} total={100} label="Upload" />}
      <div className="sticky -bottom-5 -mx-5 -mb-5 flex justify-end gap-2 border-t bg-paper px-5 py-3">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" disabled={upload.isPending}>
          {upload.isPending ? "Importing…" : "Import"}
        </Button>
      </div>
    </form>
  );
}
