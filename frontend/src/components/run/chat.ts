import { asText, isRecord } from "@/lib/json";

/** A use of a tool that a model asks for. */
export interface ToolCallView {
  name: string;
  /** As lines to read; as the model wrote them, if they are no JSON. */
  arguments: string;
}

export interface MessageView {
  role: string;
  content: string;
  asks: ToolCallView[];
  /** The call that a message of a tool answers. */
  answers: string | undefined;
}

/** Uses of tools as chat APIs write them; whatever is not as expected is shown as JSON, never lost. */
export function readToolCalls(calls: unknown): ToolCallView[] {
  if (calls === undefined || calls === null) return [];
  if (!Array.isArray(calls)) return [{ name: "unknown", arguments: asText(calls) }];
  return calls.map((call: unknown) =>
    isRecord(call) && isRecord(call.function)
      ? { name: asText(call.function.name), arguments: readableArguments(call.function.arguments) }
      : { name: "unknown", arguments: asText(call) },
  );
}

/** A message of a prompt, stored or shown before it is sent. */
export function readMessage(message: unknown): MessageView {
  if (!isRecord(message)) return { role: "unknown", content: asText(message), asks: [], answers: undefined };
  return {
    role: asText(message.role),
    content: asText(message.content),
    asks: readToolCalls(message.tool_calls),
    answers: typeof message.tool_call_id === "string" ? message.tool_call_id : undefined,
  };
}

/** Arguments by name, a line each: `expression: 6*7`. */
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
        .map(([name, said]) => `${name}: ${said}`)
        .join("\n")
    : asText(value);
}

/** The values of an object as texts, with their names. */
export function namedValues(value: Record<string, unknown>): [string, string][] {
  return Object.entries(value).map(([name, inner]) => [name, asText(inner)]);
}
