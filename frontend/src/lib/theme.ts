import { useLayoutEffect, useSyncExternalStore } from "react";

import { store, stored } from "./storage";

/** `system`: as the browser says. */
export type ThemeChoice = "system" | "light" | "dark";

// These names are also in public/theme.js, which applies the choice before the first paint.
const KEY = "llmforge.theme";
const CHOSEN = "llmforge:theme";
const PAINTED = "llmforge:painted";

function subscribe(onChange: () => void): () => void {
  window.addEventListener(PAINTED, onChange);
  return () => window.removeEventListener(PAINTED, onChange);
}

function choice(): ThemeChoice {
  const kept = stored(KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

/** The choice of light or dark that this browser keeps, and what changes it. */
export function useThemeChoice(): [ThemeChoice, (next: ThemeChoice) => void] {
  const current = useSyncExternalStore(subscribe, choice, () => "system" as const);
  const choose = (next: ThemeChoice) => {
    store(KEY, next === "system" ? null : next);
    window.dispatchEvent(new CustomEvent(CHOSEN, { detail: next }));
  };
  return [current, choose];
}

/** Sets the colours again after React has taken over the page, which may have made it anew. */
export function useThemeKept(): void {
  useLayoutEffect(() => {
    window.dispatchEvent(new CustomEvent(CHOSEN, { detail: choice() }));
  }, []);
}

/** Whether the page is dark now: for what is drawn without CSS. */
export function useDark(): boolean {
  return useSyncExternalStore(subscribe, () => document.documentElement.dataset.theme === "dark", () => false);
}
