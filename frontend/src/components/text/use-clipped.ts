"use client";

import { useEffect, useRef, useState } from "react";

/** Whether the element with this `ref` hides part of its content; while it is `open`, the last value stays. */
export function useClipped<T extends HTMLElement>(open: boolean) {
  const ref = useRef<T>(null);
  const [clipped, setClipped] = useState(false);
  useEffect(() => {
    const element = ref.current;
    if (!element || open) return;
    const observer = new ResizeObserver(() => setClipped(element.scrollHeight > element.clientHeight + 1));
    observer.observe(element);
    return () => observer.disconnect();
  }, [open]);
  return { ref, clipped };
}
