import { useEffect, useState } from "react";

/** `value`, debounced: it changes only after `value` has stayed the same for `ms` milliseconds. */
export function useDebounced<T>(value: T, ms: number): T {
  const [debounced, setDebounced] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setDebounced(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return debounced;
}

/** The text of an input and its setter; `onChange` is debounced: called once the text has not changed for `ms` milliseconds. */
export function useDebouncedInput(value: string, onChange: (value: string) => void, ms: number): [string, (text: string) => void] {
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  if (known !== value) {
    // Changed elsewhere, such as by the back button or a reset: that value replaces the text.
    setKnown(value);
    setText(value);
  }
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onChange(text), ms);
    return () => clearTimeout(timer);
    // `onChange` is left out: it is a new function on every render and must not restart the timer.
  }, [text]);
  return [text, setText];
}
