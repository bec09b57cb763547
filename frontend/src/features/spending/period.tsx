import { Input } from "@/components/ui/field";
import { Segmented } from "@/components/ui/segmented";

import { dayBefore, todayUtc } from "./prepare";

const LENGTHS = [
  { value: "1", label: "Today" },
  { value: "7", label: "7 days" },
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "A year" },
] as const;

interface PeriodProps {
  since: string;
  until: string;
  onChange: (period: { since: string; until: string }) => void;
}

/** The period: some days up to today, or from one day to another. */
export function Period({ since, until, onChange }: PeriodProps) {
  const today = todayUtc();
  const chosen = until === today ? (LENGTHS.find(({ value }) => dayBefore(today, Number(value) - 1) === since)?.value ?? "") : "";
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <Segmented<string> label="Period" value={chosen} onChange={(days) => onChange({ since: dayBefore(today, Number(days) - 1), until: today })} options={LENGTHS} />
      <div className="flex items-center gap-2">
        <Input type="date" aria-label="First day" value={since} max={until} onChange={({ target }) => target.value && onChange({ since: target.value, until })} className="h-8 w-36" />
        to
        <Input type="date" aria-label="Last day" value={until} min={since} max={today} onChange={({ target }) => target.value && onChange({ since, until: target.value })} className="h-8 w-36" />
      </div>
    </div>
  );
}
