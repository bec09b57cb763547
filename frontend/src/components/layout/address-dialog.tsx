"use client";

import { useState } from "react";

import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { addressOf, API_URL, chooseAddress, chosenAddress } from "@/lib/api/address";

interface AddressDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/** Asks for the address of the API; it is kept in this browser, and the page is loaded again. */
export function AddressDialog({ open, onOpenChange }: AddressDialogProps) {
  const [text, setText] = useState(API_URL);
  const [wrong, setWrong] = useState(false);
  const use = (address: string | null) => {
    chooseAddress(address);
    location.reload();
  };
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Address of the API"
      description="It is kept in this browser only. The API must accept this page's origin (LLMFORGE_CORS_ORIGINS), and you are asked for its key again."
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          const address = addressOf(text);
          setWrong(address === null);
          if (address !== null) use(address);
        }}
      >
        <Field
          label="Address"
          htmlFor="api-address"
          hint="Such as https://you-llmforge.hf.space. Enter only one that you trust: it gets your key."
          error={wrong ? "This is no address of a server, such as https://you-llmforge.hf.space." : undefined}
        >
          <Input id="api-address" inputMode="url" autoComplete="url" value={text} onChange={(e) => setText(e.target.value)} />
        </Field>
        <div className="flex flex-wrap gap-2">
          <Button type="submit" variant="primary" disabled={text.trim() === ""}>
            Use this address
          </Button>
          {chosenAddress() !== null && <Button onClick={() => use(null)}>Back to that of this site</Button>}
        </div>
      </form>
    </Dialog>
  );
}
