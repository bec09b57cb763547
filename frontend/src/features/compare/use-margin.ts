import { parseAsFloat, useQueryState } from "nuqs";

/** Margins that can be chosen, as fractions of a score in [0, 1]. */
export const MARGINS = [0.005, 0.01, 0.02, 0.03, 0.05, 0.1] as const;

const DEFAULT_MARGIN = 0.02;

/** The largest difference that does not matter; it is kept in the address, which may hold any. */
export function useMargin(): [number, (margin: number) => void] {
  const [margin, setMargin] = useQueryState("margin", parseAsFloat.withDefault(DEFAULT_MARGIN));
  return [margin > 0 && margin <= 1 ? margin : DEFAULT_MARGIN, (next) => void setMargin(next)];
}
