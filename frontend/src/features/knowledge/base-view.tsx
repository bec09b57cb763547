import type { UseQueryResult } from "@tanstack/react-query";
import { ArrowLeft, FlaskConical, Plus } from "lucide-react";

import { Versions } from "@/components/data/versions";
import { Page } from "@/components/layout/page";
import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import { Panel } from "@/components/ui/panel";
import { Skeleton, SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import { chooseVersion } from "@/lib/versions";

import { About } from "./about";
import { Articles } from "./articles";
import { IndexPanel } from "./index-panel";
import { type BaseGroup, newExperimentHref, type Version } from "./prepare";
import { SearchPanel } from "./search-panel";
import { useIndex } from "./use-index";

interface BaseViewProps {
  name: string;
  /** What the address says; empty for the newest. */
  version: string;
  group: BaseGroup | undefined;
  list: UseQueryResult<Version[]>;
  onVersion: (version: Version) => void;
  onAdd: () => void;
}

/** One knowledge base: what it is, its index, a search by every variant, its articles. */
export function BaseView({ name, version, group, list, onVersion, onAdd }: BaseViewProps) {
  const chosen = group && chooseVersion(group, version);
  return (
    <Page
      title={name}
      lead={chosen ? chosen.description || "No description." : list.isPending && <Skeleton className="h-5 w-80 max-w-full" />}
      above={
        <Link href="/knowledge/" className="inline-flex items-center gap-1.5 text-xs underline-offset-3 hover:text-ink hover:underline">
          <ArrowLeft aria-hidden="true" className="size-3.5" />
          All knowledge bases
        </Link>
      }
      actions={
        <>
          {list.isPending && <Skeleton className="h-9 w-36 rounded-full" />}
          {list.isPending && <Skeleton className="h-9 w-70 rounded-full" />}
          {group && (
            <Button onClick={onAdd}>
              <Plus aria-hidden="true" />
              Add a version
            </Button>
          )}
          {group && chosen && (
            <Button asChild variant="primary">
              <Link href={newExperimentHref(group, chosen)}>
                <FlaskConical aria-hidden="true" />
                New experiment with it
              </Link>
            </Button>
          )}
        </>
      }
    >
      {group ? (
        chosen ? (
          <OpenBase key={chosen.version} base={chosen} versions={group.versions} onVersion={onVersion} />
        ) : (
          <Panel>
            <Empty title="No such version" action={<Button onClick={() => onVersion(group.newest)}>Show the newest</Button>}>
              {name} has no version that begins with {version}.
            </Empty>
          </Panel>
        )
      ) : list.error ? (
        <Panel>
          <Failure error={list.error} what="the knowledge base" onRetry={() => void list.refetch()} />
        </Panel>
      ) : list.isPending ? (
        <>
          <div className="grid gap-5 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
            <Skeleton className="h-62 rounded-lg" />
            <Skeleton className="h-62 rounded-lg" />
          </div>
          <Skeleton className="h-32 rounded-lg" />
          <Panel title="Articles" hint="Asking for them" flush>
            <SkeletonRows rows={8} className="h-15" />
          </Panel>
        </>
      ) : (
        <Panel>
          <Empty
            title="No such knowledge base"
            action={
              <Button asChild>
                <Link href="/knowledge/">All knowledge bases</Link>
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

interface OpenBaseProps {
  base: Version;
  versions: Version[];
  onVersion: (version: Version) => void;
}

/** The version that is open. */
function OpenBase({ base, versions, onVersion }: OpenBaseProps) {
  const { name, version, size } = base;
  const { index, build } = useIndex(name, version);
  return (
    <>
      <div className="grid gap-5 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <About base={base} />
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
