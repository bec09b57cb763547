"use client";

import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef } from "react";

import { useDark } from "@/lib/theme";

import { cellAt, type GridLayout, layoutCells, moveInGrid } from "./cell-grid-prepare";
import { useWidth } from "./use-width";

/** How a cell looks: the token of its colour, and whether a stroke crosses it (so that colour is not the only difference). */
export interface CellLook {
  token: string;
  opacity: number;
  crossed?: boolean;
  hollow?: boolean;
}

interface CellGridProps {
  label: string;
  looks: CellLook[];
  /** Which cells are drawn at full opacity; all, if left out. All are drawn anew when this function changes. */
  lit?: (index: number) => boolean;
  selected: number | undefined;
  onSelect: (index: number) => void;
  /** Describes a cell to screen readers. */
  describe: (index: number) => string;
  /** Handles other keys than the arrows; returns whether it used the key. */
  onKey?: (key: string) => boolean;
  maxHeight?: number;
}

/**
 * A grid of cells on one canvas, so that 10,000 cells are one drawing and not 10,000 elements.
 *
 * It is one tab stop; the arrow keys, Home and End move the selection, and a click selects.
 */
export function CellGrid({ label, looks, lit, selected, onSelect, describe, onKey, maxHeight = 264 }: CellGridProps) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const dark = useDark(); // a canvas keeps its colours until it is drawn again
  const canvas = useRef<HTMLCanvasElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const layout = useMemo(() => layoutCells(looks.length, width), [looks.length, width]);

  useEffect(() => {
    if (canvas.current && layout.columns > 0) draw(canvas.current, layout, looks, lit);
  }, [layout, looks, lit, dark]);

  const show = (index: number) => {
    const box = scroller.current;
    const y = Math.floor(index / layout.columns) * layout.pitch;
    if (box && (y < box.scrollTop || y + layout.pitch > box.scrollTop + box.clientHeight)) {
      box.scrollTop = y - box.clientHeight / 2;
    }
    onSelect(index);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = moveInGrid(event.key, selected, looks.length, layout.columns);
    if (next !== undefined) show(next);
    else if (!onKey?.(event.key)) return;
    event.preventDefault();
  };
  const onPointer = (event: PointerEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const index = cellAt(event.clientX - box.left, event.clientY - box.top, layout, looks.length);
    if (index !== undefined) onSelect(index);
  };

  return (
    <div ref={scroller} className="overflow-y-auto" style={{ maxHeight }}>
      <div ref={ref}>
        <div
          role="application"
          aria-roledescription="grid of runs"
          aria-label={`${label}. Arrow keys move from run to run.`}
          tabIndex={0}
          onKeyDown={onKeyDown}
          className="relative rounded-sm"
        >
          <canvas
            ref={canvas}
            aria-hidden="true"
            className="block cursor-pointer"
            style={{ width: layout.width, height: layout.height }}
            onPointerDown={onPointer}
          />
          {/* Not on the canvas: a step to the next cell would draw all of them anew. */}
          {selected !== undefined && selected < looks.length && layout.columns > 0 && (
            <div
              aria-hidden="true"
              className="pointer-events-none absolute border-2 border-ink"
              style={{
                left: (selected % layout.columns) * layout.pitch - 1,
                top: Math.floor(selected / layout.columns) * layout.pitch - 1,
                width: layout.cell + 4,
                height: layout.cell + 4,
              }}
            />
          )}
        </div>
        <span role="status" className="sr-only">
          {selected === undefined ? "" : describe(selected)}
        </span>
      </div>
    </div>
  );
}

function draw(
  canvas: HTMLCanvasElement,
  layout: GridLayout,
  looks: CellLook[],
  lit: ((index: number) => boolean) | undefined,
) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = layout.width * ratio;
  canvas.height = layout.height * ratio;
  const context = canvas.getContext("2d");
  if (!context) return;
  const style = getComputedStyle(document.documentElement);
  const colours = new Map<string, string>();
  const colour = (token: string) => {
    const known = colours.get(token) ?? style.getPropertyValue(`--color-${token}`);
    colours.set(token, known);
    return known;
  };
  context.scale(ratio, ratio);
  const { cell, pitch, columns } = layout;
  for (const [index, look] of looks.entries()) {
    const x = (index % columns) * pitch + 1;
    const y = Math.floor(index / columns) * pitch + 1;
    context.globalAlpha = look.opacity * (lit && !lit(index) ? 0.15 : 1);
    if (look.hollow) {
      context.strokeStyle = colour(look.token);
      context.strokeRect(x + 0.5, y + 0.5, cell - 1, cell - 1);
    } else {
      context.fillStyle = colour(look.token);
      context.fillRect(x, y, cell, cell);
    }
    if (look.crossed) {
      context.strokeStyle = colour("paper");
      context.beginPath();
      context.moveTo(x + 1, y + 1);
      context.lineTo(x + cell - 1, y + cell - 1);
      context.stroke();
    }
  }
}
