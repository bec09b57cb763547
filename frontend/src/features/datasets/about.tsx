import { AboutPanel, Fact } from "@/components/data/about-panel";
import { Badge } from "@/components/ui/badge";

import type { Version } from "./prepare";
import { ruleOf } from "./rules";

/** What a version of a dataset is, where it comes from, and how answers to it are scored. */
export function About({ dataset }: { dataset: Version }) {
  return (
    <AboutPanel version={dataset} unit="question">
      <Fact label="Scoring">
        <Badge>{dataset.scoring}</Badge>
        <p className="mt-1 text-xs">{ruleOf(dataset.scoring)?.judged}</p>
      </Fact>
    </AboutPanel>
  );
}
