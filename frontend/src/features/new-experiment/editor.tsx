"use client";

import { useQuery } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { useRouter } from "next/navigation";
import { useState } from "react";

import { Button } from "@/components/ui/button";
import type { Schemas } from "@/lib/api/client";
import { ApiError } from "@/lib/api/errors";
import { experimentHref, useCreateExperiment } from "@/lib/api/mutations";
import { experimentQueries } from "@/lib/api/queries";
import { useDebounced } from "@/lib/use-debounced";

import { dropDraft, keepDraft, keptDraft } from "./draft-store";
import { completed, type Draft, fieldErrors, otherErrors } from "./draft";
import { Form } from "./form";
import { Pilot } from "./pilot";
import { EstimateStrip, PreviewPanel } from "./preview";
import { formPaths } from "./schema";
import { YamlPanel } from "./yaml-panel";

const TYPING_MS = 350;

/** The body of a request; the server validates it. */
function bodyOf(draft: Draft): Schemas["ExperimentCreate"] {
  return { config: completed(draft) as unknown as Schemas["ExperimentConfig"] };
}

interface EditorProps {
  /** What the form began with: a draft is kept under it. */
  name: string;
  start: Draft;
  document: unknown;
}

/** Form and YAML side by side; while either is edited, the server validates the draft as it would on creation. */
export function Editor({ name, start, document }: EditorProps) {
  const router = useRouter();
  const [kept, setKept] = useState(() => keptDraft(name));
  const [draft, setDraft] = useState(kept ?? start);
  const [position, setPosition] = useState(0);
  const create = useCreateExperiment();
  const debounced = useDebounced(draft, TYPING_MS);
  const preview = useQuery(experimentQueries.preview(bodyOf(debounced), position));

  const rejection = preview.error ?? create.error;
  const errors = fieldErrors(rejection instanceof ApiError ? rejection : null);
  const otherLines = otherErrors(errors, formPaths(document));
  const general = rejection && Object.keys(errors).length === 0 ? rejection.message : undefined;
  const shown = preview.error ? undefined : preview.data;

  const change = (next: Draft) => {
    create.reset();
    setDraft(next);
    keepDraft(name, next);
  };
  const restart = () => {
    create.reset();
    setDraft(start);
    setKept(undefined);
    dropDraft(name);
  };
  const submit = (run: boolean) =>
    create.mutate({ body: bodyOf(draft), run }, {
        onSuccess: ({ id }) => {
          dropDraft(name);
          router.push(experimentHref(id));
        },
      });
  return (
    <form
      className="grid min-w-0 items-start gap-5 lg:grid-cols-[minmax(0,7fr)_minmax(0,5fr)]"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit(true);
      }}
    >
      {kept && (
        <p role="status" className="flex flex-wrap items-center justify-between gap-2 rounded-lg border px-4 py-2 text-ink lg:col-span-full">
          What you entered before is still here.
          <Button size="sm" onClick={restart}>
            Start anew
          </Button>
        </p>
      )}
      <Form document={document} draft={draft} errors={errors} onChange={change} />
      <div className="flex min-w-0 flex-col gap-5 lg:sticky lg:top-18">
        <EstimateStrip estimate={shown?.estimate}>{shown && <Pilot body={bodyOf(debounced)} estimate={shown.estimate} />}</EstimateStrip>
        {(general || otherLines.length > 0) && (
          <ul role="alert" className="rounded-lg border border-bad/30 bg-bad/8 px-4 py-3 text-ink">
            {general && <li>{general}</li>}
            {otherLines.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        )}
        <div className="flex flex-wrap gap-2">
          <Button type="submit" variant="primary" disabled={create.isPending}>
            <Play aria-hidden="true" />
            Create and run
          </Button>
          <Button disabled={create.isPending} onClick={() => submit(false)}>
            Create only
          </Button>
        </div>
        <PreviewPanel
          preview={shown}
          problem={preview.error ? "The prompt appears once the marked fields are corrected." : undefined}
          position={position}
          onPosition={setPosition}
        />
        <YamlPanel draft={draft} onChange={change} />
      </div>
    </form>
  );
}
