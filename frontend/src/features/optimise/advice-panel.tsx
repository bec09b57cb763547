import { Badge, type Tone } from "@/components/ui/badge";
import { Panel } from "@/components/ui/panel";
import type { Schemas } from "@/lib/api/client";

const kinds: Record<Schemas["AdviceOut"]["kind"], { label: string; tone: Tone }> = {
  first: { label: "First", tone: "warn" },
  use: { label: "Use", tone: "good" },
  avoid: { label: "Avoid", tone: "bad" },
  note: { label: "Note", tone: "plain" },
};

/** What follows from the matrix, by the rules of the guide. */
export function AdvicePanel({ advice }: { advice: Schemas["AdviceOut"][] }) {
  if (advice.length === 0) return null;
  return (
    <Panel title="What to do with it" hint="By rules, each with the numbers that made it apply; docs/guides/optimisation.md lists them" flush>
      <ul>
        {advice.map(({ rule, kind, text }) => (
          <li key={text} data-rule={rule} className="flex items-baseline gap-3 border-b px-4 py-2.5 last:border-b-0">
            <span className="w-14 shrink-0">
              <Badge tone={kinds[kind].tone}>{kinds[kind].label}</Badge>
            </span>
            <span className="min-w-0 max-w-4xl text-ink">{text}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
