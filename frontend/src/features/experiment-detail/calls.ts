import { type MessageView, readMessage, readToolCalls, type ToolCallView } from "@/components/run/chat";
import { formatCount, formatDuration, formatName } from "@/lib/format";
import { asText, isRecord } from "@/lib/json";

export interface CallView {
  messages: MessageView[];
  finish: string | undefined;
  /** What the model wrote. */
  text: string;
  /** What it thought before; empty if the server does not show it. */
  thinking: string;
  /** The vote of this call, where several vote (self-consistency). */
  vote: string | undefined;
  toolCalls: ToolCallView[];
  /** The constraint on the output, such as a grammar. */
  constraint: { kind: string; text: string } | undefined;
  /** The tools that were offered, as JSON; empty if none were. */
  tools: string;
  /** Why it failed. */
  error: string | undefined;
  /** Tokens and latency: `812 in, 30 out · 1.2 s`. */
  usage: string;
}

/** Reads a stored call; anything unexpected is shown as JSON rather than dropped. */
export function readCall(stored: unknown): CallView {
  const call = isRecord(stored) ? stored : { messages: [stored] };
  const messages = Array.isArray(call.messages) ? call.messages : [];
  const { constraint, error } = call;
  return {
    messages: messages.map(readMessage),
    finish: typeof call.finish_reason === "string" ? call.finish_reason : undefined,
    text: typeof call.text === "string" ? call.text : "",
    thinking: typeof call.thinking === "string" ? call.thinking : "",
    vote: isRecord(call.vote) ? voteOf(call.vote) : undefined,
    toolCalls: readToolCalls(call.tool_calls),
    constraint: isRecord(constraint) ? { kind: asText(constraint.kind), text: asText(constraint.text) } : undefined,
    tools: Array.isArray(call.tools) ? asText(call.tools) : "",
    error: isRecord(error) ? `${formatName(asText(error.kind))}: ${asText(error.message)}` : undefined,
    usage: usageOf(call),
  };
}

/** `18: 3 votes`, or why there is no vote. */
function voteOf({ counted_as, votes, parse_outcome }: Record<string, unknown>): string {
  if (typeof counted_as !== "string") return `no vote (${asText(parse_outcome)})`;
  return `${counted_as}: ${asText(votes)} ${votes === 1 ? "vote" : "votes"}`;
}

/** Prompt and completion tokens: `812 in, 30 out`; empty if they are unknown. */
export function formatTokens(prompt: unknown, completion: unknown): string {
  if (typeof prompt !== "number" || typeof completion !== "number") return "";
  return `${formatCount(prompt)} in, ${formatCount(completion)} out`;
}

/** What a call took that answered several prompts: known of all of them together. */
function usageOfGroup(group: unknown): string {
  if (!isRecord(group)) return "";
  const tokens = formatTokens(group.prompt_tokens, group.completion_tokens);
  return `${asText(group.size)} prompts in one call${tokens && `, together ${tokens}`}`;
}

function usageOf({ prompt_tokens, completion_tokens, latency_ms, cached, group }: Record<string, unknown>): string {
  const time = cached === true ? "from cache" : typeof latency_ms === "number" ? formatDuration(latency_ms) : "";
  return [formatTokens(prompt_tokens, completion_tokens), usageOfGroup(group), time].filter(Boolean).join(" · ");
}
