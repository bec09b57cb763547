"use client";

import { scaleLinear } from "@visx/scale";

import { useWidth } from "./use-width";

const HEIGHT = 20;
const GAP = 2;

interface BarPart {
  name: string;
  share: number;
  /** Class of the fill, a token. */
  fill: string;
}

interface StackedBarProps {
  /** Shares that sum to 1; shares of 0 are not drawn. */
  parts: BarPart[];
  /** The content in words, for screen readers. */
  label: string;
}

/** The parts of a whole as one stacked bar. */
export function StackedBar({ parts, label }: StackedBarProps) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const shown = parts.filter(({ share }) => share > 0);
  const x = scaleLinear<number>({ domain: [0, 1], range: [0, width + GAP] });
  const starts = shown.map((_, index) => shown.slice(0, index).reduce((sum, { share }) => sum + share, 0));
  return (
    <div ref={ref} className="w-full overflow-hidden rounded-sm bg-line/50" style={{ height: HEIGHT }}>
      <svg role="img" aria-label={label} width={width} height={HEIGHT} className="block">
        {shown.map(({ name, share, fill }, index) => (
          <rect
            key={name}
            x={x(starts[index] ?? 0)}
            width={Math.max(2, x(share) - GAP)}
            height={HEIGHT}
            className={fill}
          />
        ))}
      </svg>
    </div>
  );
}
