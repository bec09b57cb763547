import { Select } from "@/components/ui/field";
import { Segmented } from "@/components/ui/segmented";
import { describeScore } from "@/lib/metrics";

/** Up to this many scores are buttons; more are a select. */
const MAX_BUTTONS = 4;

interface ScoreChoiceProps {
  /** In display order. */
  names: string[];
  value: string;
  onChange: (score: string) => void;
}

/** Chooses the score that a panel shows; nothing if there is only one. */
export function ScoreChoice({ names, value, onChange }: ScoreChoiceProps) {
  if (names.length <= 1) return null;
  if (names.length <= MAX_BUTTONS) {
    return <Segmented label="Score" value={value} onChange={onChange} options={names.map((name) => ({ value: name, label: describeScore(name).label }))} />;
  }
  return (
    <Select aria-label="Score" className="w-auto" value={value} onChange={(event) => onChange(event.target.value)}>
      {!names.includes(value) && <option value={value}>{describeScore(value).label}</option>}
      {names.map((name) => (
        <option key={name} value={name}>
          {describeScore(name).label}
        </option>
      ))}
    </Select>
  );
}
