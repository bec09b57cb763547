import { useEffect } from "react";

/** Gives the tab a title, so that several tabs can be told apart. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · LlmForge`;
  }, [title]);
}
