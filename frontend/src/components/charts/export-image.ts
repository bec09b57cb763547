/** A chart as a file: the drawn SVG with its styles written into it, so that it looks the same without the page. */

const STYLES = ["fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray", "opacity", "font-size", "font-weight", "text-anchor", "dominant-baseline", "overflow"] as const;
/** Fonts that every viewer has, by what they stand for on the page; the page's own are not part of the file. */
const SERIF = "Georgia, 'Times New Roman', serif";
const SANS = "Arial, Helvetica, sans-serif";
const SCALE = 2;
const NAMESPACE = "http://www.w3.org/2000/svg";
/** Between charts of one file, and around them, in pixels. */
const GAP = 12;
const LINE = 18;

interface Drawing {
  text: string;
  width: number;
  height: number;
}

/**
 * Returns charts as the text of one SVG file, one below the other: on light paper, whatever the page shows, so that it
 * can be printed. `data-title` of a chart stands above it; its shapes with `data-legend` are explained below it.
 */
export function svgText(charts: readonly SVGSVGElement[]): string {
  return drawingOf(charts).text;
}

/** Returns the same as a PNG file with two pixels for each of the page. */
export async function pngBlob(charts: readonly SVGSVGElement[]): Promise<Blob> {
  const { text, width, height } = drawingOf(charts);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * SCALE);
  canvas.height = Math.round(height * SCALE);
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("This browser cannot make a PNG of the chart."))), "image/png");
  });
}

/** Lets the browser save a file. */
export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function drawingOf(charts: readonly SVGSVGElement[]): Drawing {
  const root = document.documentElement;
  const shown = root.dataset.theme;
  root.dataset.exporting = "";
  root.dataset.theme = "light";
  try {
    return draw(charts); // styles are computed anew when they are read, and nothing is painted meanwhile
  } finally {
    if (shown === undefined) delete root.dataset.theme;
    else root.dataset.theme = shown;
    delete root.dataset.exporting;
  }
}

function draw(charts: readonly SVGSVGElement[]): Drawing {
  const page = element("svg", { xmlns: NAMESPACE });
  const colours = getComputedStyle(document.documentElement);
  const ink = colours.getPropertyValue("--color-ink").trim();
  const paper = element("rect", { width: "100%", height: "100%", fill: colours.getPropertyValue("--color-paper").trim() });
  page.append(paper);
  const width = Math.max(...charts.map((chart) => chart.getBoundingClientRect().width)) + 2 * GAP;
  let y = GAP;
  const line = (text: string, x = GAP) => {
    const node = element("text", { x, y: y + 12, "font-size": 12, "font-family": SANS, fill: ink });
    node.textContent = text;
    page.append(node);
    y += LINE;
  };
  for (const chart of charts) {
    const box = chart.getBoundingClientRect();
    if (chart.dataset.title) line(chart.dataset.title);
    const copy = styled(chart);
    for (const [name, value] of Object.entries({ x: GAP, y, width: box.width, height: box.height, viewBox: `0 0 ${box.width} ${box.height}` })) copy.setAttribute(name, String(value));
    page.append(copy);
    y += box.height + GAP;
    for (const shape of copy.querySelectorAll<SVGElement>("[data-legend]")) {
      const swatch = element("rect", { x: GAP, y: y + 2, width: 11, height: 11 });
      for (const name of ["fill", "fill-opacity", "stroke"]) swatch.setAttribute(name, shape.getAttribute(name) ?? "none");
      page.append(swatch);
      line(shape.dataset.legend ?? "", GAP + 18);
    }
  }
  const height = y;
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) page.setAttribute(name, String(value));
  return { text: new XMLSerializer().serializeToString(page), width, height };
}

/** A copy of a chart with its computed styles as attributes. */
function styled(svg: SVGSVGElement): SVGSVGElement {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const drawn = [svg, ...svg.querySelectorAll("*")];
  const copies = [copy, ...copy.querySelectorAll("*")];
  for (const [index, node] of copies.entries()) {
    const original = drawn[index];
    if (!original || !(node instanceof SVGElement)) continue;
    const style = getComputedStyle(original);
    for (const name of STYLES) {
      const value = style.getPropertyValue(name);
      if (value && !value.startsWith("url(")) node.setAttribute(name, value);
    }
    if (node.tagName === "text") node.setAttribute("font-family", style.fontFamily.includes("Serif") ? SERIF : SANS);
    node.removeAttribute("class");
    node.removeAttribute("style"); // tokens mean nothing outside the page
  }
  return copy;
}

function element(name: string, attributes: Record<string, string | number>): SVGElement {
  const node = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  return node;
}
