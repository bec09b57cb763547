import { Pencil } from "lucide-react";
import { useState } from "react";

import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/field";
import { useChangeExperiment } from "@/lib/api/annotations";

const MAX_NAME_CHARS = 200;

/** Changes the name of an experiment, beside its title: Enter saves, Escape leaves it. */
export function Rename({ id, name }: { id: string; name: string }) {
  const [text, setText] = useState<string | null>(null);
  const change = useChangeExperiment(id);
  if (text === null) {
    return (
      <Button variant="ghost" size="icon-sm" aria-label="Rename" onClick={() => setText(name)}>
        <Pencil />
      </Button>
    );
  }
  return (
    <form
      className="flex min-w-0 flex-1 basis-full flex-wrap items-center gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() === name) setText(null);
        else if (text.trim()) change.mutate({ name: text }, { onSuccess: () => setText(null) });
      }}
    >
      <Input
        aria-label="Name"
        autoFocus
        maxLength={MAX_NAME_CHARS}
        className="max-w-xl flex-1 basis-60"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && setText(null)}
      />
      <Button type="submit" size="sm" variant="primary" disabled={!text.trim() || change.isPending}>
        Save
      </Button>
      <Button size="sm" onClick={() => setText(null)}>
        Cancel
      </Button>
    </form>
  );
}
