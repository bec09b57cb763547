export interface CallView {
  messages: { role: string; content: string }[];
  finish: string | undefined;
  /** What this call answered, where several vote; empty otherwise. */
  text: string;
  vote: string | undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
}

/** What the page shows of a stored call; whatever is not as expected is shown as JSON, never lost. */
export function readCall(call: unknown): CallView {
  if (!isRecord(call)) return { messages: [{ role: "unknown", content: text(call) }], finish: undefined, text: "", vote: undefined };
  const messages = Array.isArray(call.messages) ? call.messages : [];
  return {
    messages: messages.map((message: unknown) =>
      isRecord(message)
        ? { role: text(message.role), content: text(message.content) }
        : { role: "unknown", content: text(message) },
    ),
    finish: typeof call.finish_reason === "string" ? call.finish_reason : undefined,
    text: typeof call.text === "string" ? call.text : "",
    vote: isRecord(call.vote) ? voteOf(call.vote) : undefined,
  };
}

/** "18: 3 votes", or why it has none. */
function voteOf({ counted_as, votes, parse_outcome }: Record<string, unknown>): string {
  if (typeof counted_as !== "string") return `no vote (${text(parse_outcome)})`;
  return `${counted_as}: ${text(votes)} ${votes === 1 ? "vote" : "votes"}`;
}
