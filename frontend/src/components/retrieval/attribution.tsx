import type { AttributionOutcome } from "@/lib/metrics";

type Name = AttributionOutcome["name"];

/** Colours of the four outcomes: right and wrong ones differ in lightness as well as in hue. */
export const outcomeFills: Record<Name, string> = {
  supported: "fill-data-1",
  unsupported: "fill-data-3",
  misread: "fill-data-2",
  not_retrieved: "fill-data-4",
};

const swatches: Record<Name, string> = {
  supported: "bg-data-1",
  unsupported: "bg-data-3",
  misread: "bg-data-2",
  not_retrieved: "bg-data-4",
};

/** The label of an outcome with its colour and a mark for right or wrong. */
export function OutcomeLabel({ name, label, right }: Pick<AttributionOutcome, "name" | "label" | "right">) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <span aria-hidden="true" className={`size-2.5 shrink-0 rounded-[2px] ${swatches[name]}`} />
      <span aria-hidden="true">{right ? "✓" : "✗"}</span>
      {label}
    </span>
  );
}
