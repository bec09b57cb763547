import { useState } from "react";

import { FormatDetails } from "@/components/data/format-details";
import { Verbatim } from "@/components/text/verbatim";
import { Segmented } from "@/components/ui/segmented";

type Format = "jsonl" | "json" | "markdown" | "text";

const formats: Record<Format, { label: string; file: string; example: string; how: string }> = {
  jsonl: {
    label: "JSONL",
    file: "articles.jsonl",
    example: `{"id": "nile", "title": "Nile", "text": "The Nile is a river in Africa …"}
{"title": "Danube", "section": "Course", "text": "The Danube flows through Vienna …"}`,
    how: "Each line is an article and needs a text. Title, section and id are optional.",
  },
  json: {
    label: "JSON",
    file: "articles.json",
    example: `[
  {
    "title": "Nile",
    "sections": [
      {"heading": "Course", "text": "The Nile rises …"},
      {"heading": "Floods", "text": "Each summer …"}
    ]
  }
]`,
    how: "A list of articles, or an object with a list of “articles”. An article has a text, or sections with heading and text.",
  },
  markdown: {
    label: "Markdown",
    file: "nile.md",
    example: `# Nile

The Nile is a river in Africa.

## Floods

Each summer …`,
    how: "Each file is an article: its first heading is the title, the others begin sections.",
  },
  text: {
    label: "Text",
    file: "Nile.txt",
    example: "The Nile is a river in Africa. It rises …",
    how: "Each file is an article; its name is the title.",
  },
};

/** Examples of files. */
export function FormatHelp() {
  const [format, setFormat] = useState<Format>("jsonl");
  const { file, example, how } = formats[format];
  return (
    <FormatDetails>
      <Segmented
        label="Format"
        value={format}
        onChange={setFormat}
        options={(Object.keys(formats) as Format[]).map((value) => ({ value, label: formats[value].label }))}
      />
      <div className="w-full">
        <Verbatim label={file}>{example}</Verbatim>
      </div>
      <p>{how} Several files become one knowledge base.</p>
    </FormatDetails>
  );
}
