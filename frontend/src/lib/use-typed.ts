import { useEffect, useState } from "react";

/** The text of a field, and how to set it; `onChange` is told only when the typing pauses for `ms` milliseconds. */
export function useTyped(value: string, onChange: (value: string) => void, ms: number): [string, (text: string) => void] {
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  if (known !== value) {
    // The address changed by other means (back, clear, another version): it wins.
    setKnown(value);
    setText(value);
  }
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onChange(text), ms);
    return () => clearTimeout(timer);
    // Only typing starts the clock: `onChange` is another function at each rendering.
  }, [text]);
  return [text, setText];
}
