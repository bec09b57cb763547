"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { apiKey, setApiKey } from "@/lib/api/address";
import { ApiError } from "@/lib/api/errors";

/** Asks for the API key when a request was answered with 401. */
export function KeyGate() {
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const [key, setKey] = useState("");
  useEffect(
    () =>
      client.getQueryCache().subscribe((event) => {
        const { error } = event.query.state;
        if (error instanceof ApiError && error.status === 401) setOpen(true);
      }),
    [client],
  );
  const save = () => {
    setApiKey(key.trim());
    setOpen(false);
    void client.invalidateQueries();
  };
  return (
    <Dialog
      open={open}
      onOpenChange={setOpen}
      title="API key required"
      description="A key of LLMFORGE_API_KEY or LLMFORGE_API_KEYS on the server. It is stored in this browser only."
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <Field label="API key" htmlFor="api-key" error={apiKey() ? "The server rejected this key." : undefined}>
          <Input id="api-key" type="password" autoComplete="current-password" value={key} onChange={(e) => setKey(e.target.value)} />
        </Field>
        <Button type="submit" variant="primary" disabled={key.trim() === ""}>
          Use this key
        </Button>
      </form>
    </Dialog>
  );
}
