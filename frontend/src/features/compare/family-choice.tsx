import { Select } from "@/components/ui/field";

import { useFamily } from "./use-family";

/** Chooses whether each score is a family of its own, or all scores of the page are one. */
export function FamilyChoice() {
  const [family, setFamily] = useFamily();
  return (
    <Select aria-label="Scores that are tested together" className="w-auto" value={family} onChange={(event) => setFamily(event.target.value === "page" ? "page" : "score")}>
      <option value="score">each score alone</option>
      <option value="page">all scores together</option>
    </Select>
  );
}
