import { VersionPage, type VersionPageProps } from "@/components/data/version-page";
import { Versions } from "@/components/data/versions";
import { Panel } from "@/components/ui/panel";
import { Skeleton, SkeletonRows } from "@/components/ui/skeleton";

import { About } from "./about";
import { Examples } from "./examples";
import { newExperimentHref, type Version } from "./prepare";

const COLUMNS = "grid gap-5 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]";

type DatasetViewProps = Pick<VersionPageProps<Version>, "name" | "version" | "group" | "list" | "onVersion" | "onUpload">;

/** One dataset: what it is, its versions, its questions. */
export function DatasetView(props: DatasetViewProps) {
  return (
    <VersionPage noun="dataset" listHref="/datasets/" experimentHref={newExperimentHref} loading={<Loading />} {...props}>
      {(chosen, group) => (
        <>
          <div className={COLUMNS}>
            <About dataset={chosen} />
            <Versions versions={group.versions} chosen={chosen} unit="question" onChoose={props.onVersion} />
          </div>
          <Examples key={chosen.version} name={chosen.name} version={chosen.version} size={chosen.size} />
        </>
      )}
    </VersionPage>
  );
}

function Loading() {
  return (
    <>
      <div className={COLUMNS}>
        <Skeleton className="h-83 rounded-lg" />
        <Skeleton className="h-31 rounded-lg lg:h-83" />
      </div>
      <Panel title="Questions" hint="Loading" flush>
        <SkeletonRows rows={8} className="h-15" />
      </Panel>
    </>
  );
}
