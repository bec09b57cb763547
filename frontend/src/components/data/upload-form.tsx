import type { UseMutationResult } from "@tanstack/react-query";
import { type FormEvent, Fragment, type ReactNode, useState } from "react";
import { toast } from "sonner";

import { Button } from "@/components/ui/button";
import { describedBy, Field, Input } from "@/components/ui/field";
import { Progress } from "@/components/ui/progress";
import { ApiError } from "@/lib/api/errors";
import { formatPercent, plural } from "@/lib/format";
import { checkUpload, formatBytes, nameOfFile, sortProblems } from "@/lib/uploads";
import type { DataVersion } from "@/lib/versions";

import { FileDrop } from "./file-drop";
import { UploadError } from "./upload-error";
import { UploadWarnings } from "./upload-warnings";

type Added = DataVersion & { created: boolean; warnings?: string[] };

/** The props of an upload dialog. */
export interface UploadDialogProps<T extends DataVersion> {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onAdded: (added: T) => void;
  /** The dataset or knowledge base that gets another version; a new one if left out. */
  base?: T;
  /** Names that are taken. */
  known: string[];
}

interface UploadFormProps<T extends Added, Variables> {
  /** `dataset`, `knowledge base` */
  noun: string;
  /** What it has `size` of. */
  unit: string;
  base: DataVersion | undefined;
  known: string[];
  /** Endings of the files that are taken. */
  endings: readonly string[];
  /** The same in words. */
  hint: string;
  multiple?: boolean;
  namePlaceholder: string;
  /** The API's name for the files. */
  fileField: string;
  upload: UseMutationResult<T, Error, Variables>;
  /** The share of the files that was sent, 0 to 1. */
  sent: number;
  variables: (name: string, files: [File, ...File[]]) => Variables;
  onAdded: (added: T) => void;
  onClose: () => void;
  /** Further controls, by the API's name of each, given what is wrong with it, and the chosen files. */
  controls?: Record<string, (error: string | undefined, files: readonly File[]) => ReactNode>;
  /** What a file looks like. */
  help: ReactNode;
}

/** Files and a name, checked here as far as possible and then by the server, whose messages are shown at the fields. */
export function UploadForm<T extends Added, Variables>(props: UploadFormProps<T, Variables>) {
  const { noun, unit, endings, multiple = false, fileField, base, known, upload, variables, onAdded, onClose, help } = props;
  const [name, setName] = useState(base?.name ?? "");
  const [files, setFiles] = useState<File[]>([]);
  const [submitted, setSubmitted] = useState(false);
  const controls = Object.entries(props.controls ?? {});
  const rejected = sortProblems(upload.error instanceof ApiError ? upload.error.fields : {}, ["name", fileField, ...controls.map(([field]) => field)]);
  const missing = submitted ? checkUpload(name, files, endings) : {};
  const errors = { name: missing.name ?? rejected.fields.name, files: missing.files ?? rejected.fields[fileField] };

  const choose = (chosen: File[]) => {
    upload.reset();
    setFiles(chosen);
    if (name === "") setName(nameOfFile(chosen[0]?.name ?? ""));
  };
  const finish = (added: T) => {
    onAdded(added);
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setSubmitted(true);
    const [first, ...rest] = files;
    if (!first || Object.keys(checkUpload(name, files, endings)).length > 0) return;
    upload.mutate(variables(name, [first, ...rest]), {
      onSuccess: (added) => {
        const description = `${added.name}: ${plural(added.size, unit)}, version ${added.version.slice(0, 8)}`;
        if (added.created) toast.success(`${noun.charAt(0).toUpperCase()}${noun.slice(1)} added`, { description });
        else toast("This content is stored already", { description });
        if (!added.warnings?.length) finish(added);
      },
    });
  };

  const added = upload.data;
  if (added?.warnings?.length) return <UploadWarnings warnings={added.warnings} onSeen={() => finish(added)} />;

  const taken = !base && known.includes(name);
  const nameHint = taken ? `This name is taken: the ${multiple ? "files become" : "file becomes"} a new version of it.` : "Lower-case letters, digits, and . _ -";
  return (
    <form className="flex flex-col gap-4" onSubmit={submit} noValidate>
      <FileDrop files={files} endings={endings} hint={props.hint} multiple={multiple} error={errors.files} onFiles={choose} />
      <Field label="Name" htmlFor="upload-name" hint={nameHint} error={errors.name}>
        <Input
          {...describedBy("upload-name", errors.name, nameHint)}
          value={name}
          autoComplete="off"
          spellCheck={false}
          placeholder={props.namePlaceholder}
          onChange={(event) => {
            upload.reset();
            setName(event.target.value);
          }}
        />
      </Field>
      {controls.map(([field, control]) => (
        <Fragment key={field}>{control(rejected.fields[field], files)}</Fragment>
      ))}
      {help}
      {upload.error && <UploadError error={upload.error} problems={rejected} />}
      {upload.isPending && (
        <div className="flex flex-col gap-1.5">
          <Progress done={Math.round(props.sent * 100)} total={100} label="Upload" />
          <p role="status" className="num text-xs">
            {props.sent < 1 ? `${formatPercent(props.sent)} of ${formatBytes(files.reduce((sum, { size }) => sum + size, 0))} sent` : "All is sent; the server reads and checks it."}
          </p>
        </div>
      )}
      <div className="sticky -bottom-5 -mx-5 -mb-5 flex justify-end gap-2 border-t bg-paper px-5 py-3">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" disabled={upload.isPending}>
          {upload.isPending ? "Uploading…" : "Upload"}
        </Button>
      </div>
    </form>
  );
}
