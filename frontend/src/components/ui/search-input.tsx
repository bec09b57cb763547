"use client";

import { Search } from "lucide-react";

import { useDebouncedInput } from "@/lib/use-debounced";
import { cn } from "@/lib/utils";

import { Input } from "./field";

interface SearchInputProps {
  label: string;
  placeholder: string;
  value: string;
  /** Called when no key has been pressed for `pauseMs` milliseconds. */
  onChange: (value: string) => void;
  pauseMs: number;
  maxLength?: number;
  className?: string;
}

/** A text field that filters or searches what is shown. */
export function SearchInput({ label, placeholder, value, onChange, pauseMs, maxLength, className }: SearchInputProps) {
  const [text, setText] = useDebouncedInput(value, onChange, pauseMs);
  return (
    <div className={cn("relative", className)}>
      <Search aria-hidden="true" className="absolute top-2.5 left-3 size-4" />
      <Input
        type="search"
        aria-label={label}
        placeholder={placeholder}
        maxLength={maxLength}
        className="pl-9"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </div>
  );
}
