"use client";

import { Database } from "lucide-react";
import { useRouter } from "next/navigation";
import { type FormEvent, useId, useState } from "react";
import { toast } from "sonner";

import { IfMayWrite } from "@/components/layout/read-only";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { describedBy, Field, Input } from "@/components/ui/field";
import { ApiError } from "@/lib/api/errors";
import { type Selection, useSelectDataset } from "@/lib/api/selections";
import { plural } from "@/lib/format";

interface SelectDatasetProps {
  selection: Selection;
  /** A name to begin with. */
  suggestion: string;
  /** Whether nothing is selected, so that there is nothing to store. */
  empty: boolean;
}

/** A button that makes a dataset of the questions that are listed beside it. */
export function SelectDataset({ selection, suggestion, empty }: SelectDatasetProps) {
  const [open, setOpen] = useState(false);
  return (
    <IfMayWrite>
      <Button size="sm" variant="ghost" disabled={empty} onClick={() => setOpen(true)}>
        <Database aria-hidden="true" />
        Make a dataset
      </Button>
      <Dialog open={open} onOpenChange={setOpen} title="Make a dataset" description="Of exactly the questions that are listed, each once. Its page links back to here.">
        <SelectForm selection={selection} suggestion={suggestion} onClose={() => setOpen(false)} />
      </Dialog>
    </IfMayWrite>
  );
}

/** Mounted while the dialog is open, so that each opening starts afresh. */
function SelectForm({ selection, suggestion, onClose }: Omit<SelectDatasetProps, "empty"> & { onClose: () => void }) {
  const field = useId();
  const router = useRouter();
  const select = useSelectDataset();
  const [name, setName] = useState(suggestion);
  const fields = select.error instanceof ApiError ? select.error.fields : {};
  const problem = fields.name ?? (select.error ? select.error.message : undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    select.mutate(
      { name, selection },
      {
        onSuccess: (added) => {
          onClose();
          toast(added.created ? "Dataset made" : "This dataset exists already", {
            description: `${added.name}, ${plural(added.size, "question")}`,
            action: { label: "Show", onClick: () => router.push(`/datasets/?${new URLSearchParams({ name: added.name, version: added.version })}`) },
          });
        },
      },
    );
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <Field label="Name" htmlFor={field} hint="Lower-case letters, digits, and . _ -" error={problem}>
        <Input
          {...describedBy(field, problem, true)}
          value={name}
          required
          maxLength={100}
          onChange={(event) => {
            select.reset();
            setName(event.target.value);
          }}
        />
      </Field>
      <div className="flex justify-end gap-2">
        <Button variant="ghost" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" variant="primary" disabled={select.isPending}>
          Make it
        </Button>
      </div>
    </form>
  );
}
