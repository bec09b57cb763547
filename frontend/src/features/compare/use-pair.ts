import { parseAsInteger, useQueryState } from "nuqs";

/** Which of `count` experiments is looked at beside the baseline, from 1; it is kept in the address. */
export function usePair(count: number): [number, (place: number) => void] {
  const [place, setPlace] = useQueryState("with", parseAsInteger.withDefault(1));
  return [Math.min(Math.max(1, place), count - 1), (next) => void setPlace(next)];
}
