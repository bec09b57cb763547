import { useInfiniteQuery } from "@tanstack/react-query";

import { LoadMore } from "@/components/ui/load-more";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Failure } from "@/components/ui/state";
import { Table, Th } from "@/components/ui/table";
import { datasetQueries } from "@/lib/api/queries";
import { plural } from "@/lib/format";

import { ExampleRow } from "./example-row";

const SKELETONS = 8;

interface ExamplesProps {
  name: string;
  version: string;
  size: number;
}

/** The questions of one version, a page at a time, in the order of the file. */
export function Examples({ name, version, size }: ExamplesProps) {
  // A version never changes, so loaded data stays valid.
  const pages = useInfiniteQuery({ ...datasetQueries.examples(name, version), staleTime: Infinity });
  const examples = pages.data?.pages.flatMap((page) => page.items) ?? [];
  const clusters = examples.some(({ cluster }) => cluster !== null);
  return (
    <Panel title="Questions" hint={`${plural(size, "question")}, in the order of the file`} flush>
      {pages.data ? (
        <>
          <Table aria-label={`Questions of ${name}`} className="max-sm:block sm:table-fixed">
            <thead className="hidden sm:table-header-group">
              <tr>
                <Th className="w-28">Key</Th>
                <Th>Question</Th>
                <Th className="w-[28%]">Accepted answers</Th>
                {clusters && <Th className="hidden w-28 lg:table-cell">Cluster</Th>}
                <Th className="hidden w-52 lg:table-cell">Metadata</Th>
                <Th className="w-12">
                  <span className="sr-only">Details</span>
                </Th>
              </tr>
            </thead>
            <tbody className="max-sm:block">
              {examples.map((example) => (
                <ExampleRow key={example.id} example={example} clusters={clusters} />
              ))}
            </tbody>
          </Table>
          <LoadMore pages={pages} shown={examples.length} total={size} />
        </>
      ) : pages.error ? (
        <Failure error={pages.error} what="the questions" onRetry={() => void pages.refetch()} />
      ) : (
        <SkeletonRows rows={SKELETONS} className="h-15" />
      )}
    </Panel>
  );
}
