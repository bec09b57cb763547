"use client";

import { type KeyboardEvent, type ReactNode, useId, useState } from "react";

import { cn } from "@/lib/utils";

import { Input } from "./field";

interface Option {
  value: string;
  label: ReactNode;
}

interface ComboboxProps {
  label: string;
  placeholder: string;
  text: string;
  onText: (text: string) => void;
  options: Option[];
  /** Said below the options: that there are more, that none was found, or that they are being loaded. */
  note: string;
  onChoose: (value: string) => void;
}

/** A text field with the options that fit its text; arrow keys move, Enter chooses, Escape closes. */
export function Combobox({ label, placeholder, text, onText, options, note, onChoose }: ComboboxProps) {
  const id = useId();
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const at = Math.min(active, options.length - 1);
  const choose = (value: string) => {
    onChoose(value);
    onText("");
    setActive(0);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const chosen = options[at];
    if (event.key === "Escape") setOpen(false);
    else if (event.key === "Enter" && open && chosen) choose(chosen.value);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      setActive(open ? Math.max(0, Math.min(options.length - 1, at + (event.key === "ArrowDown" ? 1 : -1))) : at);
      setOpen(true);
    } else return;
    event.preventDefault();
  };
  return (
    <div
      className="relative"
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) setOpen(false);
      }}
    >
      <Input
        role="combobox"
        aria-label={label}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        aria-autocomplete="list"
        aria-activedescendant={open && options[at] ? `${id}-${at}` : undefined}
        autoComplete="off"
        placeholder={placeholder}
        value={text}
        onFocus={() => setOpen(true)}
        onClick={() => setOpen(true)}
        onChange={(event) => {
          onText(event.target.value);
          setActive(0);
          setOpen(true);
        }}
        onKeyDown={onKeyDown}
      />
      {open && (
        <div className="absolute inset-x-0 top-10 z-40 overflow-hidden rounded-md border bg-paper shadow-pop">
          <ul id={id} role="listbox" aria-label={label} className="max-h-72 overflow-y-auto p-1">
            {options.map(({ value, label: shown }, index) => (
              <li
                key={value}
                id={`${id}-${index}`}
                role="option"
                aria-selected={index === at}
                // Before the field loses the focus, which closes the list.
                onPointerDown={(event) => {
                  event.preventDefault();
                  choose(value);
                }}
                onPointerMove={() => setActive(index)}
                className={cn("cursor-pointer rounded-sm px-2.5 py-1.5", index === at && "bg-line/70")}
              >
                {shown}
              </li>
            ))}
          </ul>
          {note && (
            <p role="status" className="border-t px-3.5 py-1.5 text-xs">
              {note}
            </p>
          )}
        </div>
      )}
    </div>
  );
}
