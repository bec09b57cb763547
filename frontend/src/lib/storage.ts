/** Values that the browser keeps; for this page only where it keeps none, as in a frame whose storage is blocked. */

const kept = new Map<string, string>();

export function stored(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return kept.get(name) ?? null;
  }
}

/** Keeps a value; `null` removes it. */
export function store(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    if (value === null) kept.delete(name);
    else kept.set(name, value);
  }
}
