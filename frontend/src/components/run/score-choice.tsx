import { Select } from "@/components/ui/field";
import { Segmented } from "@/components/ui/segmented";

import { useScoreNames } from "./use-score-names";

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
  const { labelOf } = useScoreNames();
  if (names.length <= 1) return null;
  if (names.length <= MAX_BUTTONS) {
    return <Segmented label="Score" value={value} onChange={onChange} options={names.map((name) => ({ value: name, label: labelOf(name) }))} />;
  }
  return (
    <Select aria-label="Score" className="w-auto" value={value} onChange={(event) => onChange(event.target.value)}>
      {!names.includes(value) && <option value={value}>{labelOf(value)}</option>}
      {names.map((name) => (
        <option key={name} value={name}>
          {labelOf(name)}
        </option>
      ))}
    </Select>
  );
}
