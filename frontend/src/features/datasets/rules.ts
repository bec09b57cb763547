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
    value: "multilingual",
    use: "Short answers in any language or script.",
    judged:
      "As squad for all scripts: full-width letters, accents and digits in every form, ß and ss are the same; punctuation of all scripts is ignored; Chinese, Japanese, Korean and Thai are compared by character.",
  },
  {
    value: "gsm8k",
    use: "Numbers, such as arithmetic word problems.",
    judged: "Numbers are compared by value: 1/2, 0.5 and 50% are the same, and so are 1,234.50 and 1234.5. Accepted answers must be numbers.",
  },
];

export function ruleOf(scoring: string): Rule | undefined {
  return rules.find(({ value }) => value === scoring);
}
