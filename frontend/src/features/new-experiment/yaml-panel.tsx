"use client";

import { useState } from "react";

import { CopyButton } from "@/components/text/verbatim";
import { Textarea } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import { fromYaml, toYaml } from "@/lib/yaml";

import { completed, type Draft } from "./draft";

interface YamlPanelProps {
  draft: Draft;
  onChange: (draft: Draft) => void;
}

/** The same configuration as the file that `llmforge run` takes; either side can be edited. */
export function YamlPanel({ draft, onChange }: YamlPanelProps) {
  // While one types here, the text is the typist's: it is not rewritten under the cursor.
  const [typed, setTyped] = useState<string | null>(null);
  const [error, setError] = useState("");
  const text = typed ?? toYaml(completed(draft));
  const edit = (next: string) => {
    setTyped(next);
    try {
      onChange(fromYaml(next));
      setError("");
    } catch (problem) {
      setError(problem instanceof Error ? (problem.message.split("\n")[0] ?? "") : String(problem));
    }
  };
  return (
    <Panel
      title="The same as a file"
      hint="Save it and use llmforge run FILE, or paste one here."
      actions={<CopyButton text={text} label="Copy the YAML" />}
      flush
    >
      <Textarea
        aria-label="YAML"
        spellCheck={false}
        value={text}
        onChange={(event) => edit(event.target.value)}
        onBlur={() => {
          if (!error) setTyped(null);
        }}
        aria-invalid={error ? true : undefined}
        className="verbatim block field-sizing-content min-h-64 resize-none rounded-none border-0 px-4 -outline-offset-2"
      />
      <p role="status" className="min-h-8 border-t px-4 py-2 text-xs text-bad">
        {error}
      </p>
    </Panel>
  );
}
