import { Verbatim } from "@/components/text/verbatim";

import type { MessageView, ToolCallView } from "./chat";

interface MessageProps {
  message: MessageView;
  /** Stands before the role. */
  label: string;
  className?: string;
}

/** A message of a prompt: its content and its tool calls. */
export function Message({ message, label, className }: MessageProps) {
  const { role, content, toolCalls, resultOf } = message;
  const title = `${label}, ${role}`;
  return (
    <>
      {(content !== "" || toolCalls.length === 0) && (
        <Verbatim label={resultOf === undefined ? title : `${title}, result of ${resultOf}`} className={className}>
          {content}
        </Verbatim>
      )}
      <ToolCalls calls={toolCalls} label={title} />
    </>
  );
}

/** Tool calls, each with its name and arguments. */
export function ToolCalls({ calls, label }: { calls: ToolCallView[]; label: string }) {
  return calls.map((call, index) => (
    <Verbatim key={index} label={`${label}, tool call: ${call.name}`}>
      {call.arguments}
    </Verbatim>
  ));
}
