import { layoutCells } from "./cell-grid-prepare";

interface DrawnCell {
  token: string;
  opacity: number;
  crossed?: boolean;
  hollow?: boolean;
  /** What cells of this look are, below the grid. */
  legend: string;
}

const NAMESPACE = "http://www.w3.org/2000/svg";
const WIDTH = 900;

/** The cells as an SVG, for a file: it is in the page, out of sight, until `done` is called. */
export function cellGridSvg(cells: readonly DrawnCell[]): { charts: SVGSVGElement[]; done: () => void } {
  const svg = document.createElementNS(NAMESPACE, "svg");
  const { cell: side, pitch, columns, width, height } = layoutCells(cells.length, WIDTH);
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(height));
  const explained = new Set<string>();
  for (const [index, cell] of cells.entries()) {
    const x = (index % columns) * pitch + 1;
    const y = Math.floor(index / columns) * pitch + 1;
    const colour = `var(--color-${cell.token})`;
    const rect = shape("rect", { x, y, width: side, height: side }, svg);
    rect.style.fill = cell.hollow ? "none" : colour;
    rect.style.fillOpacity = String(cell.opacity);
    rect.style.stroke = cell.hollow ? colour : "none";
    if (cell.crossed) shape("line", { x1: x + 1, y1: y + 1, x2: x + side - 1, y2: y + side - 1 }, svg).style.stroke = "var(--color-paper)";
    if (!explained.has(cell.legend)) rect.dataset.legend = cell.legend;
    explained.add(cell.legend);
  }
  const holder = document.createElement("div");
  holder.setAttribute("aria-hidden", "true");
  holder.style.cssText = "position: absolute; left: -99999px; top: 0";
  holder.append(svg);
  document.body.append(holder);
  return { charts: [svg], done: () => holder.remove() };
}

function shape(name: "rect" | "line", attributes: Record<string, number>, parent: SVGElement): SVGElement {
  const node = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  parent.append(node);
  return node;
}
