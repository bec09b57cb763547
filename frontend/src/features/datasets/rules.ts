interface Rule {
  value: string;
  /** When to choose it. */
  use: string;
  /** How an answer is scored. */
  judged: string;
}

/** The scoring rules of the API (`app.services.evaluation`), explained. */
export const rules: readonly Rule[] = [
  {
    value: "squad",
    use: "Short answers; a good start for your own questions.",
    judged:
      "Right if the answer equals an accepted one after both are lower-cased and stripped of punctuation and articles; F1 is that of shared words.",
  },
  {
    value: "triviaqa",
    use: "Short answers with many accepted spellings.",
    judged:
      "As squad, but punctuation becomes a space, so that “Spider-Man” equals “spider man”; any accepted alias counts.",
  },
  {
    value: "hotpotqa",
    use: "Short answers, some of them yes or no.",
    judged: "As squad, but if either side is “yes”, “no” or “noanswer”, F1 is 0 or 1.",
  },
  {
    value: "gsm8k",
    use: "Numbers, such as arithmetic word problems.",
    judged: "Compares the number after ####, or else the last number in the output; commas and $ are ignored.",
  },
];

export function ruleOf(scoring: string): Rule | undefined {
  return rules.find(({ value }) => value === scoring);
}
