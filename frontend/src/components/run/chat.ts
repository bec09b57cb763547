import { asText, isRecord } from "@/lib/json";

/** A tool call that a model requests. */
export interface ToolCallView {
  name: string;
  /** One line per argument; as the model wrote them, if they are not JSON. */
  arguments: string;
}

export interface MessageView {
  role: string;
  content: string;
  toolCalls: ToolCallView[];
  /** The id of the tool call whose result this message is. */
  resultOf: string | undefined;
}

/** Reads tool calls in the format of chat APIs; anything unexpected is shown as JSON rather than dropped. */
export function readToolCalls(calls: unknown): ToolCallView[] {
  if (calls === undefined || calls === null) return [];
  if (!Array.isArray(calls)) return [{ name: "unknown", arguments: asText(calls) }];
  return calls.map((call: unknown) =>
    isRecord(call) && isRecord(call.function)
      ? { name: asText(call.function.name), arguments: readableArguments(call.function.arguments) }
      : { name: "unknown", arguments: asText(call) },
  );
}

/** Reads a message of a prompt. */
export function readMessage(message: unknown): MessageView {
  if (!isRecord(message)) return { role: "unknown", content: asText(message), toolCalls: [], resultOf: undefined };
  return {
    role: asText(message.role),
    content: asText(message.content),
    toolCalls: readToolCalls(message.tool_calls),
    resultOf: typeof message.tool_call_id === "string" ? message.tool_call_id : undefined,
  };
}

/** One line per argument: `expression: 6*7`. */
function readableArguments(written: unknown): string {
  let value = written;
  if (typeof written === "string") {
    try {
      value = JSON.parse(written);
    } catch {
      return written;
    }
  }
  return isRecord(value)
    ? namedValues(value)
        .map(([name, text]) => `${name}: ${text}`)
        .join("\n")
    : asText(value);
}

/** The properties of an object as pairs of name and text. */
export function namedValues(value: Record<string, unknown>): [string, string][] {
  return Object.entries(value).map(([name, inner]) => [name, asText(inner)]);
}
