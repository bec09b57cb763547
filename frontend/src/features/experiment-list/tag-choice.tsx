import { Select } from "@/components/ui/field";

interface TagChoiceProps {
  /** Those that experiments must have, all of them. */
  tags: string[];
  options: string[] | undefined;
  onChange: (tags: string[]) => void;
}

/** Which tags experiments must have: choosing one adds it, choosing it again takes it away. */
export function TagChoice({ tags, options = [], onChange }: TagChoiceProps) {
  const known = [...new Set([...tags, ...options])];
  const toggle = (tag: string) => {
    if (tag === "") onChange([]);
    else if (tag !== CHOSEN) onChange(tags.includes(tag) ? tags.filter((one) => one !== tag) : [...tags, tag]);
  };
  return (
    <Select aria-label="All tags" value={tags.length === 0 ? "" : CHOSEN} onChange={(event) => toggle(event.target.value)}>
      {tags.length > 0 && <option value={CHOSEN}>{tags.map((tag) => `#${tag}`).join(" and ")}</option>}
      <option value="">All tags</option>
      {known.map((tag) => (
        <option key={tag} value={tag}>
          {tags.includes(tag) ? `${tag} ✓` : tag}
        </option>
      ))}
    </Select>
  );
}

/** No tag, since tags have no commas. */
const CHOSEN = ",";
