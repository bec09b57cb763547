import { AboutPanel, Fact } from "@/components/data/about-panel";
import { Badge } from "@/components/ui/badge";
import { Link } from "@/components/ui/link";

import { datasetHref, originHref, type Version } from "./prepare";
import { ruleOf } from "./rules";

/** What a version of a dataset is, where it comes from, and how answers to it are scored. */
export function About({ dataset }: { dataset: Version }) {
  return (
    <AboutPanel version={dataset} unit="question">
      <Fact label="Scoring">
        <Badge>{dataset.scoring}</Badge>
        <p className="mt-1 text-xs">{ruleOf(dataset.scoring)?.judged}</p>
      </Fact>
      {dataset.origin && (
        <Fact label="Selected from">
          <Link href={originHref(dataset.origin)} className="text-ink underline underline-offset-3">
            {dataset.origin.experiments.map(({ name }) => name).join(" against ")}
          </Link>
          <p className="mt-1 text-xs [overflow-wrap:anywhere]">
            {dataset.origin.sentence}, of <Link href={datasetHref(dataset.origin.dataset)} className="underline underline-offset-3">{dataset.origin.dataset}</Link> {dataset.origin.version}
          </p>
        </Fact>
      )}
    </AboutPanel>
  );
}
