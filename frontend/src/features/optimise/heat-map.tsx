"use client";

import { Group } from "@visx/group";
import { useId } from "react";

import { ChartPanel } from "@/components/charts/chart-panel";
import { useWidth } from "@/components/charts/use-width";
import { formatRatio } from "@/lib/format";

import { fullColourOf, type HeatCell, type Matrix, prepareHeat } from "./prepare";

const HEAD = 30;
const ROW = 52;
const GAP = 3;
/** From this width on methods are rows; below, where eight columns have no room, they are columns. */
const WIDE = 760;
const NAMES = { wide: 110, narrow: 88 };
/** The strongest colour, so that text on it stays readable. */
const DEEPEST = 0.5;
const HATCH = 6;
/** Width of a cell from which its interval has room. */
const ROOMY = 84;
/** Width of a character of a name, at most on average. */
const CHARACTER = 7;

/** Speed of each cell against the baseline of its method: the ratio with its interval, hatched where it cannot be told from 1. */
export function HeatMap({ matrix }: { matrix: Matrix }) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const hatch = useId();
  const cells = prepareHeat(matrix);
  const wide = width >= WIDE;
  const rows = wide ? matrix.methods : matrix.optimisations;
  const columns = wide ? matrix.optimisations : matrix.methods;
  const names = wide ? NAMES.wide : NAMES.narrow;
  const step = (width - names) / columns.length;
  const height = HEAD + rows.length * ROW;
  return (
    <ChartPanel
      title="Speed"
      hint={`Questions a second as a multiple of ${matrix.baseline}, with the 95 % interval over rounds; hatched: cannot be told from 1. The colour is full from ${formatRatio(fullColourOf(matrix))} on`}
      file={`${matrix.name} speed`}
    >
      <div ref={ref} style={{ height }}>
        {width > 0 && (
          <svg width={width} height={height} role="img" aria-label={cells.map(({ sentence }) => sentence).join(" ")}>
            <defs>
              <pattern id={hatch} width={HATCH} height={HATCH} patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                <line y2={HATCH} className="stroke-muted/35" strokeWidth={2} />
              </pattern>
            </defs>
            {columns.map((name, index) => (
              <text key={name} x={names + (index + 0.5) * step} y={HEAD - 10} textAnchor="middle" className="fill-muted text-xs">
                <title>{name}</title>
                {cut(name, step)}
              </text>
            ))}
            {rows.map((name, index) => (
              <text key={name} x={0} y={HEAD + (index + 0.5) * ROW + 4} className="fill-ink text-xs">
                <title>{name}</title>
                {cut(name, names)}
              </text>
            ))}
            {cells.map((cell) => {
              const [row, column] = wide ? [cell.method, cell.optimisation] : [cell.optimisation, cell.method];
              return (
                <Group key={cell.sentence} left={names + columns.indexOf(column) * step} top={HEAD + rows.indexOf(row) * ROW}>
                  <Tile cell={cell} note={step < ROOMY ? cell.short : cell.note} width={step - GAP} hatch={hatch} />
                </Group>
              );
            })}
          </svg>
        )}
      </div>
    </ChartPanel>
  );
}

function Tile({ cell, note, width, hatch }: { cell: HeatCell; note: string; width: number; hatch: string }) {
  const height = ROW - GAP;
  const two = note !== "";
  return (
    <>
      <title>{cell.sentence}</title>
      <rect width={width} height={height} rx={4} className="fill-line/40" />
      {cell.strength !== 0 && (
        <rect width={width} height={height} rx={4} className={cell.strength > 0 ? "fill-data-1" : "fill-data-2"} fillOpacity={DEEPEST * Math.abs(cell.strength)} />
      )}
      {cell.unsure && <rect width={width} height={height} rx={4} fill={`url(#${hatch})`} />}
      <text x={width / 2} y={height / 2 + (two ? -2 : 5)} textAnchor="middle" className="fill-ink num text-sm font-medium">
        {cell.text}
      </text>
      {two && (
        <text x={width / 2} y={height / 2 + 14} textAnchor="middle" className="fill-ink num text-[10px]">
          {note}
        </text>
      )}
    </>
  );
}

/** As much of a name as fits, with room before the next one. */
function cut(name: string, width: number): string {
  const most = Math.max(2, Math.floor(width / CHARACTER) - 1);
  return name.length > most ? `${name.slice(0, most - 1)}…` : name;
}
