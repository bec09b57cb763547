import { AxisBottom, AxisLeft } from "@visx/axis";
import type { scaleLinear } from "@visx/scale";

type Scale = ReturnType<typeof scaleLinear<number>>;

const label = { className: "fill-muted text-[11px] num font-sans", fill: undefined, fontFamily: undefined } as const;
const LABEL_WIDTH = 90;

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
      numTicks={Math.max(3, Math.floor(width / LABEL_WIDTH))}
      tickFormat={(value) => format(Number(value))}
      axisLineClassName="stroke-line"
      hideTicks
      tickLabelProps={{ ...label, textAnchor: "middle" }}
    />
  );
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
