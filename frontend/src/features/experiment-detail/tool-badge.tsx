import { BookOpen, Calculator, CircleQuestionMark, Globe, type LucideIcon } from "lucide-react";

import { Badge } from "@/components/ui/badge";
import { formatName } from "@/lib/format";
import { cn } from "@/lib/utils";

import { shortName } from "./trace-prepare";

interface Look {
  icon: LucideIcon;
  className: string;
}

const looks: ReadonlyMap<string, Look> = new Map([
  ["retrieval", { icon: BookOpen, className: "border-data-1/30 bg-data-1/8 [&_svg]:text-data-1" }],
  ["wikipedia_search", { icon: Globe, className: "border-data-4/30 bg-data-4/8 [&_svg]:text-data-4" }],
  ["calculator", { icon: Calculator, className: "border-data-2/30 bg-data-2/8 [&_svg]:text-data-2" }],
]);
const unknown: Look = { icon: CircleQuestionMark, className: "border-dashed border-muted/50 bg-paper font-mono" };

/** A tool with its icon; an unknown one by the name that the model used. */
export function ToolBadge({ tool }: { tool: string }) {
  const known = looks.get(tool);
  const { icon: Icon, className } = known ?? unknown;
  return (
    <Badge
      title={known ? undefined : `No such tool: ${tool}`}
      className={cn("h-auto min-h-5 max-w-full text-ink [overflow-wrap:anywhere] whitespace-normal [&_svg]:shrink-0", className)}
    >
      <Icon aria-hidden="true" />
      <bdi>{known ? formatName(tool) : shortName(tool)}</bdi>
    </Badge>
  );
}
