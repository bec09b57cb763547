/** The formats of numbers, times and money, so that the same value reads the same everywhere. */

const NONE = "–";

type Maybe = number | null | undefined;

function absent(value: Maybe): value is null | undefined {
  return value === null || value === undefined || Number.isNaN(value);
}

/** With so many decimals; halves go away from zero, as in the command line (`fixed` in `backend/app/domain/rounding.py`). */
export function fixed(value: number, places: number): string {
  const scale = 10 ** places;
  // What lies behind eight more decimals is of binary floats: 28.749999999999996 stands for 28.75.
  const rounded = Math.round(Number((Math.abs(value) * scale).toFixed(8))) / scale;
  return `${value < 0 ? "-" : ""}${rounded.toFixed(places)}`;
}

/** Three significant digits; whole numbers in full, with separators. */
export function formatNumber(value: Maybe): string {
  if (absent(value)) return NONE;
  if (Number.isInteger(value)) return formatCount(value);
  if (Math.abs(value) >= 1000) return formatCount(Math.round(value));
  return new Intl.NumberFormat("en", { maximumSignificantDigits: 3 }).format(value);
}

/** A whole number with thousands separators. */
export function formatCount(value: Maybe): string {
  return absent(value) ? NONE : new Intl.NumberFormat("en", { maximumFractionDigits: 0 }).format(value);
}

/** A share (0 to 1) as per cent with one decimal: `36.7 %`. */
export function formatPercent(share: Maybe): string {
  return absent(share) ? NONE : `${fixed(share * 100, 1)} %`;
}

/** An interval of shares in per cent: `[21.9, 54.5]`. */
export function formatInterval(low: Maybe, high: Maybe): string {
  return absent(low) || absent(high) ? NONE : `[${fixed(low * 100, 1)}, ${fixed(high * 100, 1)}]`;
}

/** A ratio: `3.42×`. */
export function formatRatio(ratio: Maybe): string {
  return absent(ratio) ? NONE : `${formatNumber(ratio)}×`;
}

/** `[low, high]`; where `none` (no difference) is not in it, though an end is shown as it, that end has a parenthesis. */
function bracketed(low: number, high: number, none: number, format: (end: number) => string): string {
  const opening = low > none && format(low) === format(none) ? "(" : "[";
  const closing = high < none && format(high) === format(none) ? ")" : "]";
  return `${opening}${format(low)}, ${format(high)}${closing}`;
}

/** An interval of plain numbers: `[2.1, 3.45]`. */
export function formatNumberInterval(low: Maybe, high: Maybe): string {
  return absent(low) || absent(high) ? NONE : `[${formatNumber(low)}, ${formatNumber(high)}]`;
}

/** An interval of a ratio, of which 1 is no difference: `[2.1, 3.45]`. */
export function formatRatioInterval(low: Maybe, high: Maybe): string {
  return absent(low) || absent(high) ? NONE : bracketed(low, high, 1, formatNumber);
}

/** A difference of shares in points, always with its sign (U+2212 for minus): `+8.0`, `−2.5`, `±0.0`. */
export function formatPoints(difference: Maybe): string {
  if (absent(difference)) return NONE;
  const points = fixed(Math.abs(difference * 100), 1);
  if (Number(points) === 0) return "±0.0";
  return `${difference > 0 ? "+" : "−"}${points}`;
}

/** An interval of a difference in points: `[−2.5, +8.0]`. */
export function formatPointInterval(low: Maybe, high: Maybe): string {
  return absent(low) || absent(high) ? NONE : bracketed(low, high, 0, formatPoints);
}

/** `p = .012`, `p < .001`, `p > .999`; near .05 with a fourth digit, which shows on which side it lies. */
export function formatP(p: Maybe): string {
  if (absent(p)) return "no test";
  if (p < 0.001) return "p < .001";
  if (p >= 0.9995) return "p > .999";
  return `p = ${fixed(p, p >= 0.0495 && p < 0.0505 && p !== 0.05 ? 4 : 3).replace(/^0/, "")}`;
}

/** Milliseconds under a second, else seconds, minutes, hours: `123 ms`, `1.23 s`, `2 min 05 s`, `3 h 20 min`. */
export function formatDuration(ms: Maybe): string {
  if (absent(ms)) return NONE;
  if (ms < 999.5) return `${significant(ms)} ms`;
  if (ms < 59_950) return `${significant(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  return `${significant(minutes / 1440)} days`;
}

/** US dollars: `$0`, `$0.00123`, `$1.23`, `$1,234`; `unknown` when there is no price. */
export function formatCost(usd: Maybe): string {
  if (absent(usd)) return "unknown";
  if (usd === 0) return "$0";
  if (usd >= 1000) return `$${formatCount(Math.round(usd))}`;
  if (usd >= 1) return `$${fixed(usd, 2)}`;
  return `$${new Intl.NumberFormat("en", { maximumSignificantDigits: 3, maximumFractionDigits: 9 }).format(usd)}`;
}

/** How long ago: `just now`, `5 min ago`, `3 h ago`, `2 days ago`; later than a month: the date. */
export function formatAgo(iso: string | null | undefined, now: number): string {
  if (!iso) return NONE;
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  const days = Math.round(seconds / 86_400);
  if (days < 31) return days === 1 ? "yesterday" : `${days} days ago`;
  return formatDate(iso);
}

/** Date and time in the reader's zone: `2026-11-23 14:05`. */
export function formatDate(iso: string | null | undefined): string {
  if (!iso) return NONE;
  const at = new Date(iso);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** `1 question`, `20 questions`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** A name from the API (`exact_match`, `rate_limit`) as words: `Exact match`. */
export function formatName(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const METHODS = new Map([
  ["cot", "Chain of thought"],
  ["rag", "RAG"],
  ["react", "ReAct agent"],
]);

/** The label of a method. */
export function formatMethod(name: string): string {
  return METHODS.get(name) ?? formatName(name);
}

function significant(value: number): string {
  return new Intl.NumberFormat("en", { maximumSignificantDigits: 3, useGrouping: false }).format(value);
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
