import type { Fate } from "./attribution-prepare";

/** The looks of the four parts: those that are right and those that are wrong differ in lightness as in hue. */
export const fateFills: Record<Fate, string> = {
  supported: "fill-data-1",
  unsupported: "fill-data-3",
  misread: "fill-data-2",
  not_retrieved: "fill-data-4",
};

const swatches: Record<Fate, string> = {
  supported: "bg-data-1",
  unsupported: "bg-data-3",
  misread: "bg-data-2",
  not_retrieved: "bg-data-4",
};

interface FateNameProps {
  fate: Fate;
  label: string;
  right: boolean;
}

/** A part by its name, with its colour beside and a sign for right or wrong. */
export function FateName({ fate, label, right }: FateNameProps) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <span aria-hidden="true" className={`size-2.5 shrink-0 rounded-[2px] ${swatches[fate]}`} />
      <span aria-hidden="true">{right ? "✓" : "✗"}</span>
      {label}
    </span>
  );
}
