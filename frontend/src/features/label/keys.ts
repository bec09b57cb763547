import type { Schemas } from "@/lib/api/client";

export type Verdict = Schemas["LabelIn"]["verdict"];
export type KeyAction = Verdict | "undo";

/** What each key does; shown on the buttons, too. */
export const KEYS: Record<KeyAction, string> = { right: "r", wrong: "w", unclear: "u", undo: "z" };

interface Pressed {
  key: string;
  /** With Ctrl, Alt or Meta: a command of the browser. */
  modified: boolean;
  /** Into a field: text. */
  typing: boolean;
  /** Held down. */
  repeated: boolean;
}

/** What a pressed key asks for; `null` if nothing. */
export function actionOf({ key, modified, typing, repeated }: Pressed): KeyAction | null {
  if (modified || typing || repeated) return null;
  const found = Object.entries(KEYS).find(([, one]) => one === key.toLowerCase());
  return found ? (found[0] as KeyAction) : null;
}

/** Whether keys pressed at an element are text. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
}
