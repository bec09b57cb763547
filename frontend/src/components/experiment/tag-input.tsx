"use client";

import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";

import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/field";
import { experimentQueries } from "@/lib/api/queries";
import { MAX_TAG_CHARS, tagsIn } from "@/lib/tags";

interface TagInputProps {
  /** Tags that are not offered, since they are there. */
  present?: readonly string[];
  onAdd: (tags: string[]) => void;
  label: string;
  autoFocus?: boolean;
  disabled?: boolean;
}

/** A field for tags, with those that exist as suggestions; Enter adds what is typed. */
export function TagInput({ present = [], onAdd, label, autoFocus, disabled }: TagInputProps) {
  const id = useId();
  const [text, setText] = useState("");
  const { data: facets } = useQuery(experimentQueries.facets());
  const tags = tagsIn(text, present);
  const tooLong = tags.some((tag) => tag.length > MAX_TAG_CHARS);
  return (
    <form
      className="flex items-center gap-1.5"
      onSubmit={(event) => {
        event.preventDefault();
        if (tags.length === 0 || tooLong) return;
        onAdd(tags);
        setText("");
      }}
    >
      <Input
        aria-label={label}
        aria-invalid={tooLong || undefined}
        title={tooLong ? `A tag has at most ${MAX_TAG_CHARS} characters.` : "Several with commas between them."}
        placeholder="Add a tag"
        list={id}
        autoComplete="off"
        autoFocus={autoFocus}
        disabled={disabled}
        value={text}
        onChange={(event) => setText(event.target.value)}
        className="h-7 w-36 px-2 text-xs"
      />
      <datalist id={id}>
        {facets?.tags.filter((tag) => !present.includes(tag)).map((tag) => <option key={tag} value={tag} />)}
      </datalist>
      <Button type="submit" size="sm" disabled={disabled || tags.length === 0 || tooLong}>
        Add
      </Button>
    </form>
  );
}
