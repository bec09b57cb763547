import { useSyncExternalStore } from "react";

import { store, stored } from "./storage";

const KEY = "llmforge.notify";
const CHANGED = "llmforge:notify";

function subscribe(onChange: () => void): () => void {
  window.addEventListener(CHANGED, onChange);
  window.addEventListener("storage", onChange);
  return () => {
    window.removeEventListener(CHANGED, onChange);
    window.removeEventListener("storage", onChange);
  };
}

function wanted(): boolean {
  return stored(KEY) === "on" && "Notification" in window && Notification.permission === "granted";
}

/** Whether this browser is to tell of endings. */
export function useNotifications(): boolean {
  return useSyncExternalStore(subscribe, wanted, () => false);
}

/** Switches them on or off; asks the browser's permission. Returns why not, if they stay off. */
export async function setNotifications(on: boolean): Promise<string | null> {
  let problem: string | null = null;
  if (on && !("Notification" in window)) problem = "This browser has no notifications on this page; they need HTTPS, or a page on this machine.";
  else if (on && (await Notification.requestPermission()) !== "granted") problem = "The browser does not allow notifications of this page. Its settings can.";
  store(KEY, on && problem === null ? "on" : null);
  window.dispatchEvent(new Event(CHANGED));
  return problem;
}

interface Ended {
  name: string;
  status: string;
  sequential_id: string | null;
}

/** The title and the text of one notification of all that ended since the last look. */
export function endingText(ended: readonly Ended[]): { title: string; body: string } {
  const [first] = ended;
  const comparison = first?.sequential_id ?? null;
  const word = (status: string) => status.toLowerCase();
  if (ended.length === 1 && first) return { title: `${first.name}: ${word(first.status)}`, body: "The experiment has ended." };
  const body = ended.map(({ name, status }) => `${name}: ${word(status)}`).join("\n");
  if (comparison !== null && ended.every(({ sequential_id }) => sequential_id === comparison)) return { title: "A comparison has ended", body };
  return { title: `${ended.length} experiments have ended`, body };
}
