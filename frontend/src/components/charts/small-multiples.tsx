"use client";

import { Group } from "@visx/group";
import { scaleLinear } from "@visx/scale";

import { formatInterval, formatPercent } from "@/lib/format";

import { BottomAxis } from "./axes";
import { cutTitle, layoutOf, PANEL } from "./small-multiples-prepare";
import { useWidth } from "./use-width";

export type MultiplesTone = "better" | "worse" | "plain";

const strokes: Record<MultiplesTone, string> = { better: "stroke-good", worse: "stroke-bad", plain: "stroke-muted" };
const fills: Record<MultiplesTone, string> = { better: "fill-good", worse: "fill-bad", plain: "fill-muted" };

export interface MultiplesRow {
  letter: string;
  name: string;
  /** A share with its interval; null where there is none. */
  estimate: { value: number; low: number; high: number } | null;
  tone: MultiplesTone;
}

export interface MultiplesPanel {
  title: string;
  note: string;
  rows: MultiplesRow[];
}

/** The same shares in panels side by side, all on one scale from 0 to 100 %, each panel of other questions. */
export function SmallMultiples({ panels }: { panels: MultiplesPanel[] }) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const most = Math.max(1, ...panels.map(({ rows }) => rows.length));
  const layout = layoutOf(width, panels.length, most);
  const inner = Math.max(0, layout.width - PANEL.margin - PANEL.right);
  const x = scaleLinear({ domain: [0, 1], range: [0, inner] });
  return (
    <div ref={ref} style={{ height: width > 0 ? layout.total : undefined }}>
      {width > 0 && (
        <svg width={width} height={layout.total} role="img" aria-label={panels.map(sentence).join(" ")}>
          {panels.map((panel, place) => (
            <Group key={panel.title} left={(place % layout.columns) * (layout.width + PANEL.gap)} top={Math.floor(place / layout.columns) * layout.height}>
              <title>{sentence(panel)}</title>
              <text y={15} className="fill-ink text-xs font-medium">
                {cutTitle(panel.title, layout.width - panel.note.length * 6.6 - 8)}
              </text>
              <text x={layout.width} y={15} textAnchor="end" className="fill-muted text-[11px]">
                {panel.note}
              </text>
              <Group left={PANEL.margin} top={PANEL.title}>
                {panel.rows.map(({ letter, estimate, tone }, index) => (
                  <Group key={letter} top={index * PANEL.row + PANEL.row / 2}>
                    <text x={-PANEL.margin} dy={5} className="fill-ink font-serif text-sm">
                      {letter}
                    </text>
                    <line x2={inner} className="stroke-line" />
                    {estimate && (
                      <>
                        <line x1={x(estimate.low)} x2={x(estimate.high)} className={strokes[tone]} strokeWidth={4} strokeOpacity={0.55} />
                        <circle cx={x(estimate.value)} r={4.5} className={fills[tone]} />
                      </>
                    )}
                  </Group>
                ))}
                <BottomAxis scale={x} format={(share) => `${Math.round(share * 100)} %`} top={most * PANEL.row} width={inner} />
              </Group>
            </Group>
          ))}
        </svg>
      )}
    </div>
  );
}

function sentence({ title, note, rows }: MultiplesPanel): string {
  const shares = rows.map(({ letter, name, estimate }) => `${letter}, ${name}: ${estimate ? `${formatPercent(estimate.value)} ${formatInterval(estimate.low, estimate.high)}` : "none"}`);
  return `${title} (${note}): ${shares.join("; ")}.`;
}
