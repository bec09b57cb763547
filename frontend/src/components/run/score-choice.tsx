import { Select } from "@/components/ui/field";
import { Segmented } from "@/components/ui/segmented";
import { describeScore } from "@/lib/metrics";

/** More than this many do not stand side by side. */
const FEW = 4;

interface ScoreChoiceProps {
  /** In their order. */
  names: string[];
  value: string;
  onChange: (score: string) => void;
}

/** Which score a panel shows; nothing where there is no choice. */
export function ScoreChoice({ names, value, onChange }: ScoreChoiceProps) {
  if (names.length <= 1) return null;
  if (names.length <= FEW) {
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
