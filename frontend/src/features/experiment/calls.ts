export interface CallView {
  messages: { role: string; content: string }[];
  finish: string | undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
}

/** What the page shows of a stored call; whatever is not as expected is shown as JSON, never lost. */
export function readCall(call: unknown): CallView {
  if (!isRecord(call)) return { messages: [{ role: "unknown", content: text(call) }], finish: undefined };
  const messages = Array.isArray(call.messages) ? call.messages : [];
  return {
    messages: messages.map((message: unknown) =>
      isRecord(message)
        ? { role: text(message.role), content: text(message.content) }
        : { role: "unknown", content: text(message) },
    ),
    finish: typeof call.finish_reason === "string" ? call.finish_reason : undefined,
  };
}
