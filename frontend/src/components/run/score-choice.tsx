import { Select } from "@/components/ui/field";
import { Segmented } from "@/components/ui/segmented";
import { useScores } from "@/lib/use-scores";

/** Up to this many scores are buttons; more are a select. */
const MAX_BUTTONS = 4;

interface ScoreChoiceProps {
  names: string[];
  value: string;
  onChange: (score: string) => void;
}

/** Chooses the score that a panel shows; nothing if there is only one. */
export function ScoreChoice({ names: given, value, onChange }: ScoreChoiceProps) {
  const scores = useScores();
  const names = scores.order(given);
  if (names.length <= 1) return null;
  if (names.length <= MAX_BUTTONS) {
    return <Segmented label="Score" value={value} onChange={onChange} options={names.map((name) => ({ value: name, label: scores.label(name) }))} />;
  }
  return (
    <Select aria-label="Score" className="w-auto" value={value} onChange={(event) => onChange(event.target.value)}>
      {!names.includes(value) && <option value={value}>{scores.label(value)}</option>}
      {names.map((name) => (
        <option key={name} value={name}>
          {scores.label(name)}
        </option>
      ))}
    </Select>
  );
}
