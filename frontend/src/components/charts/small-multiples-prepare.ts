/** Pixels: a panel's width at least, its title, a row, the axis below it, what is between panels, and beside a plot on the left and on the right, where half of the last label has to fit. */
export const PANEL = { least: 220, title: 24, row: 20, axis: 24, gap: 24, margin: 26, right: 20 } as const;

export interface MultiplesLayout {
  columns: number;
  /** Width of a panel, and height of one with so many rows. */
  width: number;
  height: number;
  /** Of all panels together. */
  total: number;
}

/** How many panels stand side by side, and how large they are. */
export function layoutOf(width: number, panels: number, rows: number): MultiplesLayout {
  const fitting = Math.max(1, Math.floor((width + PANEL.gap) / (PANEL.least + PANEL.gap)));
  const columns = Math.min(fitting, Math.max(1, panels));
  const height = PANEL.title + rows * PANEL.row + PANEL.axis;
  return { columns, width: (width - (columns - 1) * PANEL.gap) / columns, height, total: Math.ceil(panels / columns) * height };
}

/** A title in about so many pixels: cut with an ellipsis where it is longer. */
export function cutTitle(title: string, width: number): string {
  const characters = Math.max(8, Math.floor(width / 6.6));
  return title.length > characters ? `${title.slice(0, characters - 1)}…` : title;
}
