export interface GridLayout {
  /** Side of a cell and distance from one to the next, pixels. */
  cell: number;
  pitch: number;
  columns: number;
  width: number;
  height: number;
}

const GAP = 2;

/** Cells are large while there are few, and small enough for 10,000 to fit on a page. */
export function layoutCells(count: number, width: number): GridLayout {
  const cell = count <= 150 ? 18 : count <= 600 ? 13 : count <= 3000 ? 10 : 7;
  const pitch = cell + GAP;
  const columns = Math.max(0, Math.floor((width - GAP) / pitch));
  const rows = columns > 0 ? Math.ceil(count / columns) : 0;
  return { cell, pitch, columns, width: columns * pitch + GAP, height: rows * pitch + GAP };
}

/** The cell under a point of the grid. */
export function cellAt(x: number, y: number, layout: GridLayout, count: number): number | undefined {
  const column = Math.floor(x / layout.pitch);
  const row = Math.floor(y / layout.pitch);
  if (column < 0 || row < 0 || column >= layout.columns) return undefined;
  const index = row * layout.columns + column;
  return index < count ? index : undefined;
}

/** The cell that a key moves to from the cell `from`; undefined for other keys. Without a selected cell, every arrow key selects the first. */
export function moveInGrid(key: string, from: number | undefined, count: number, columns: number): number | undefined {
  const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
  if (count === 0) return undefined;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const step = steps[key];
  if (step === undefined) return undefined;
  if (from === undefined) return 0;
  const to = from + step;
  return to >= 0 && to < count ? to : from;
}
