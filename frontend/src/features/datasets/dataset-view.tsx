import type { UseQueryResult } from "@tanstack/react-query";
import { ArrowLeft, FlaskConical, Upload } from "lucide-react";

import { Versions } from "@/components/data/versions";
import { Page } from "@/components/layout/page";
import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import { Panel } from "@/components/ui/panel";
import { Skeleton, SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import { chooseVersion } from "@/lib/versions";

import { About } from "./about";
import { Examples } from "./examples";
import { type DatasetGroup, newExperimentHref, type Version } from "./prepare";

interface DatasetViewProps {
  name: string;
  /** What the address says; empty for the newest. */
  version: string;
  group: DatasetGroup | undefined;
  list: UseQueryResult<Version[]>;
  onVersion: (version: Version) => void;
  onUpload: () => void;
}

/** One dataset: what it is, its versions, its questions. */
export function DatasetView({ name, version, group, list, onVersion, onUpload }: DatasetViewProps) {
  const chosen = group && chooseVersion(group, version);
  return (
    <Page
      title={name}
      lead={chosen ? chosen.description || "No description." : list.isPending && <Skeleton className="h-5 w-80 max-w-full" />}
      above={
        <Link href="/datasets/" className="inline-flex items-center gap-1.5 text-xs underline-offset-3 hover:text-ink hover:underline">
          <ArrowLeft aria-hidden="true" className="size-3.5" />
          All datasets
        </Link>
      }
      actions={
        <>
          {list.isPending && <Skeleton className="h-9 w-43 rounded-full" />}
          {list.isPending && <Skeleton className="h-9 w-70 rounded-full" />}
          {group && (
            <Button onClick={onUpload}>
              <Upload aria-hidden="true" />
              Upload a version
            </Button>
          )}
          {group && chosen && (
            <Button asChild variant="primary">
              <Link href={newExperimentHref(group, chosen)}>
                <FlaskConical aria-hidden="true" />
                New experiment with this dataset
              </Link>
            </Button>
          )}
        </>
      }
    >
      {group ? (
        <>
          <div className="grid gap-5 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
            {chosen && <About dataset={chosen} />}
            <Versions versions={group.versions} chosen={chosen} unit="question" onChoose={onVersion} />
          </div>
          {chosen ? (
            <Examples key={chosen.version} name={name} version={chosen.version} size={chosen.size} />
          ) : (
            <Panel>
              <Empty title="No such version" action={<Button onClick={() => onVersion(group.newest)}>Show the newest</Button>}>
                {name} has no version that begins with {version}.
              </Empty>
            </Panel>
          )}
        </>
      ) : list.error ? (
        <Panel>
          <Failure error={list.error} what="the dataset" onRetry={() => void list.refetch()} />
        </Panel>
      ) : list.isPending ? (
        <>
          <div className="grid gap-5 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
            <Skeleton className="h-83 rounded-lg" />
            <Skeleton className="h-31 rounded-lg lg:h-83" />
          </div>
          <Panel title="Questions" hint="Asking for them" flush>
            <SkeletonRows rows={8} className="h-15" />
          </Panel>
        </>
      ) : (
        <Panel>
          <Empty
            title="No such dataset"
            action={
              <Button asChild>
                <Link href="/datasets/">All datasets</Link>
              </Button>
            }
          >
            There is none of this name here.
          </Empty>
        </Panel>
      )}
    </Page>
  );
}
