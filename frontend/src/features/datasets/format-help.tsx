import { useState } from "react";

import { FormatDetails } from "@/components/data/format-details";
import { Verbatim } from "@/components/text/verbatim";
import { Segmented } from "@/components/ui/segmented";

type Format = "jsonl" | "csv";

const words: Record<Format, string> = {
  jsonl: `{"id": "q1", "question": "Which planet is the largest?", "answers": ["Jupiter", "planet Jupiter"]}
{"id": "q2", "question": "Who wrote “Emma”?", "answer": "Jane Austen", "topic": "literature"}`,
  csv: `id,question,answers,topic
q1,Which planet is the largest?,Jupiter|planet Jupiter,astronomy
q2,"Who wrote ""Emma""?",Jane Austen,literature`,
};

const numbers: Record<Format, string> = {
  jsonl: `{"question": "Ann has 3 pens and buys 4. How many?", "answer": "3 + 4 = 7\\n#### 7"}
{"question": "What is 12 × 12?", "answer": 144}`,
  csv: `question,answer
Ann has 3 pens and buys 4. How many?,7
What is 12 × 12?,144`,
};

/** Examples of files. */
export function FormatHelp({ scoring }: { scoring: string }) {
  const [format, setFormat] = useState<Format>("jsonl");
  const examples = scoring === "gsm8k" ? numbers : words;
  return (
    <FormatDetails>
      <Segmented
        label="Format"
        value={format}
        onChange={setFormat}
        options={[
          { value: "jsonl", label: "JSONL" },
          { value: "csv", label: "CSV" },
        ]}
      />
      <div className="w-full">
        <Verbatim label={format === "jsonl" ? "questions.jsonl" : "questions.csv"}>{examples[format]}</Verbatim>
      </div>
      <p>
        A CSV may have commas, semicolons or tabs; an Excel or Parquet file has the same columns. Each {format === "jsonl" ? "line" : "row"} needs a question, and an answer or answers
        {format === "csv" && " (separated by |)"}. An id and a cluster are optional; questions
        of one cluster are treated as dependent. Other fields are kept as metadata.
      </p>
    </FormatDetails>
  );
}
