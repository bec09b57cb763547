"use client";

import { scaleLinear } from "@visx/scale";

import { useWidth } from "./use-width";

const HEIGHT = 20;
const GAP = 2;

export interface BarPart {
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
  /** Above the bar in a saved image, where several bars stand below each other. */
  title?: string;
  /** What a part is called below the bar in a saved image; several bars need it once. */
  legend?: (part: BarPart) => string;
}

/** The parts of a whole as one stacked bar. */
export function StackedBar({ parts, label, title, legend }: StackedBarProps) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const shown = parts.filter(({ share }) => share > 0);
  const x = scaleLinear<number>({ domain: [0, 1], range: [0, width + GAP] });
  const starts = shown.map((_, index) => shown.slice(0, index).reduce((sum, { share }) => sum + share, 0));
  return (
    <div ref={ref} className="w-full overflow-hidden rounded-sm bg-line/50" style={{ height: HEIGHT }}>
      <svg role="img" aria-label={label} data-title={title} width={width} height={HEIGHT} className="block">
        {shown.map((part, index) => (
          <rect
            key={part.name}
            x={x(starts[index] ?? 0)}
            width={Math.max(2, x(part.share) - GAP)}
            height={HEIGHT}
            className={part.fill}
            data-legend={legend?.(part)}
          />
        ))}
      </svg>
    </div>
  );
}
