import { Verbatim } from "@/components/text/verbatim";

import type { MessageView, ToolCallView } from "./chat";

interface MessageProps {
  message: MessageView;
  /** What stands before its role. */
  label: string;
  className?: string;
}

/** A message of a prompt: what it says, and the uses of tools that it asks for. */
export function Message({ message, label, className }: MessageProps) {
  const { role, content, asks, answers } = message;
  const from = `${label}, ${role}`;
  return (
    <>
      {(content !== "" || asks.length === 0) && (
        <Verbatim label={answers === undefined ? from : `${from}, answers ${answers}`} className={className}>
          {content}
        </Verbatim>
      )}
      <Asked calls={asks} label={from} />
    </>
  );
}

/** Uses of tools that a model asks for, each by its name and arguments. */
export function Asked({ calls, label }: { calls: ToolCallView[]; label: string }) {
  return calls.map((call, index) => (
    <Verbatim key={index} label={`${label}, asks for ${call.name}`}>
      {call.arguments}
    </Verbatim>
  ));
}
