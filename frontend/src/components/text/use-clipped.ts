"use client";

import { useEffect, useRef, useState } from "react";

/** Whether the element that `ref` is given to shows less than it holds; the last answer stays while it is `open`. */
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
