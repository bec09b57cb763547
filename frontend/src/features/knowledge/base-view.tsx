import { AboutPanel } from "@/components/data/about-panel";
import { VersionPage, type VersionPageProps } from "@/components/data/version-page";
import { Versions } from "@/components/data/versions";
import { Panel } from "@/components/ui/panel";
import { Skeleton, SkeletonRows } from "@/components/ui/skeleton";

import { Articles } from "./articles";
import { IndexPanel } from "./index-panel";
import { newExperimentHref, type Version } from "./prepare";
import { SearchPanel } from "./search-panel";
import { useIndex } from "./use-index";

const COLUMNS = "grid gap-5 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]";

type BaseViewProps = Pick<VersionPageProps<Version>, "name" | "version" | "group" | "list" | "onVersion" | "onUpload">;

/** One knowledge base: what it is, its index, a search by every retrieval variant, its articles. */
export function BaseView(props: BaseViewProps) {
  return (
    <VersionPage noun="knowledge base" listHref="/knowledge/" experimentHref={newExperimentHref} loading={<Loading />} {...props}>
      {(chosen, { versions }) => <BaseVersion key={chosen.version} base={chosen} versions={versions} onVersion={props.onVersion} />}
    </VersionPage>
  );
}

function Loading() {
  return (
    <>
      <div className={COLUMNS}>
        <Skeleton className="h-62 rounded-lg" />
        <Skeleton className="h-62 rounded-lg" />
      </div>
      <Skeleton className="h-32 rounded-lg" />
      <Panel title="Articles" hint="Loading" flush>
        <SkeletonRows rows={8} className="h-15" />
      </Panel>
    </>
  );
}

interface BaseVersionProps {
  base: Version;
  versions: Version[];
  onVersion: (version: Version) => void;
}

function BaseVersion({ base, versions, onVersion }: BaseVersionProps) {
  const { name, version, size } = base;
  const { index, build } = useIndex(name, version);
  return (
    <>
      <div className={COLUMNS}>
        <AboutPanel version={base} unit="article" />
        <div className="flex min-w-0 flex-col gap-5">
          <IndexPanel index={index} build={build} />
          <Versions versions={versions} chosen={base} unit="article" onChoose={onVersion} />
        </div>
      </div>
      <SearchPanel name={name} version={version} index={index.data} onBuild={() => build.mutate()} />
      <Articles name={name} version={version} size={size} />
    </>
  );
}
