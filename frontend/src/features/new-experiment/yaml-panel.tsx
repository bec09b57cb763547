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

/** The configuration as a file for `llmforge run`; editing it changes the form, and the other way round. */
export function YamlPanel({ draft, onChange }: YamlPanelProps) {
  // While the user types, the text is not replaced by the formatted draft.
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
      title="Configuration file"
      hint="Save it for llmforge run FILE, or paste another one here."
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
