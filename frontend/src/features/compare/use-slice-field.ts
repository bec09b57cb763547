import { parseAsString, useQueryState } from "nuqs";

/** The field by which the questions are put into slices; empty for the first that can be. It is kept in the address. */
export function useSliceField(): [string, (field: string) => void] {
  const [field, setField] = useQueryState("by", parseAsString.withDefault(""));
  return [field, (next) => void setField(next)];
}
