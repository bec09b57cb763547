import { AxisBottom, AxisLeft } from "@visx/axis";
import type { scaleLinear, scaleLog } from "@visx/scale";

type Scale = ReturnType<typeof scaleLinear<number>> | ReturnType<typeof scaleLog<number>>;

const label = { className: "fill-muted text-[11px] num font-sans", fill: undefined, fontFamily: undefined } as const;
const LABEL_WIDTH = 90;
/** Pixels between two labels, at least. */
const CLOSEST = 46;

interface AxisProps {
  scale: Scale;
  format: (value: number) => string;
}

/** The axis below a plot: with as many labels as fit its width. */
export function BottomAxis({ scale, format, top, width }: AxisProps & { top: number; width: number }) {
  return (
    <AxisBottom
      top={top}
      scale={scale}
      tickValues={ticksOf(scale, Math.max(3, Math.floor(width / LABEL_WIDTH)))}
      tickFormat={(value) => format(Number(value))}
      axisLineClassName="stroke-line"
      hideTicks
      tickLabelProps={{ ...label, textAnchor: "middle" }}
    />
  );
}

/** About so many values to label; a logarithmic scale has more, of which those are left out that would touch the one before. */
function ticksOf(scale: Scale, count: number): number[] {
  const shown: number[] = [];
  for (const value of scale.ticks(count)) {
    const before = shown.at(-1);
    if (before === undefined || scale(value) - scale(before) >= CLOSEST) shown.push(value);
  }
  return shown;
}

/** The axis at the left of a plot. */
export function LeftAxis({ scale, format, ticks }: AxisProps & { ticks: number }) {
  return (
    <AxisLeft
      scale={scale}
      numTicks={ticks}
      tickFormat={(value) => format(Number(value))}
      axisLineClassName="stroke-line"
      hideTicks
      tickLabelProps={{ ...label, textAnchor: "end", dx: -2, dy: 3 }}
    />
  );
}
