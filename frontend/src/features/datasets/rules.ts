interface Rule {
  value: string;
  /** When to choose it. */
  use: string;
  /** How an answer is judged. */
  judged: string;
}

/** The scoring rules of the API (`app.services.evaluation`), in words. */
export const rules: readonly Rule[] = [
  {
    value: "squad",
    use: "Short answers; a good start for your own questions.",
    judged:
      "An answer is right if it equals an accepted one once both are in lower case and without punctuation and articles; F1 counts shared words.",
  },
  {
    value: "triviaqa",
    use: "Short answers with many accepted spellings.",
    judged:
      "As squad, but punctuation becomes a space, so that “Spider-Man” equals “spider man”; any accepted alias will do.",
  },
  {
    value: "hotpotqa",
    use: "Short answers, some of them yes or no.",
    judged: "As squad, but where “yes”, “no” or “noanswer” is said or wanted, F1 is all or nothing.",
  },
  {
    value: "gsm8k",
    use: "Numbers, such as arithmetic in words.",
    judged: "The number after #### is compared, or else the last number that was written; commas and $ do not matter.",
  },
];

export function ruleOf(scoring: string): Rule | undefined {
  return rules.find(({ value }) => value === scoring);
}
