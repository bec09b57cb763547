import { store, stored } from "@/lib/storage";

declare global {
  /** Set by `/config.js`. */
  var llmforge: { apiUrl?: unknown } | undefined;
}

const CHOSEN = "llmforge.api";
const KEY = "llmforge.key";
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
const THIS_MACHINE = /^(localhost|127\.0\.0\.1|\[::1\])([:/]|$)/i;

/** The address of an API as it is used, without a slash at its end; null if the text is none. The scheme may be left out. */
export function addressOf(text: string): string | null {
  const given = text.trim();
  let url: URL;
  try {
    url = new URL(SCHEME.test(given) ? given : `${THIS_MACHINE.test(given) ? "http" : "https"}://${given}`);
  } catch {
    return null;
  }
  const plain = !url.username && !url.password && !url.search && !url.hash;
  if (!plain || !["http:", "https:"].includes(url.protocol)) return null;
  return url.origin + url.pathname.replace(/\/+$/, "");
}

/** The address that the user has entered in this browser; null if none. */
export function chosenAddress(): string | null {
  return addressOf(stored(CHOSEN) ?? "");
}

/** Uses another address from the next load of a page on; null: the one of this site. The key was for the API of before. */
export function chooseAddress(address: string | null): void {
  store(CHOSEN, address);
  store(KEY, null);
}

/** The address in `/config.js`; null if it names none. */
function configuredAddress(): string | null {
  const named = globalThis.llmforge?.apiUrl;
  return typeof named === "string" ? addressOf(named) : null;
}

/**
 * Where the API is: as entered in this browser, or else named in `/config.js`, or else by the build
 * (`NEXT_PUBLIC_API_URL`); empty for the page's own origin.
 */
export const API_URL = chosenAddress() ?? configuredAddress() ?? addressOf(process.env.NEXT_PUBLIC_API_URL ?? "") ?? "";

/** The key that the user entered, for an API with `LLMFORGE_API_KEY`; kept in this browser only. */
export function apiKey(): string {
  return stored(KEY) ?? "";
}

export function setApiKey(key: string): void {
  store(KEY, key);
}
