import type { UseQueryResult } from "@tanstack/react-query";
import { ArrowLeft, FlaskConical, Upload } from "lucide-react";
import type { ReactNode } from "react";

import { Page } from "@/components/layout/page";
import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import { Panel } from "@/components/ui/panel";
import { Skeleton } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import { useTitle } from "@/lib/use-title";
import { chooseVersion, type DataVersion, type VersionGroup } from "@/lib/versions";

export interface VersionPageProps<T extends DataVersion> {
  /** `dataset`, `knowledge base` */
  noun: string;
  listHref: string;
  name: string;
  /** The version in the address; empty for the newest. */
  version: string;
  /** Undefined if there is none of this name, or while it is not known. */
  group: VersionGroup<T> | undefined;
  list: UseQueryResult<T[]>;
  experimentHref: (group: VersionGroup<T>, chosen: T) => string;
  onVersion: (version: T) => void;
  onUpload: () => void;
  /** What is shown while the list is loading. */
  loading: ReactNode;
  children: (chosen: T, group: VersionGroup<T>) => ReactNode;
}

/** The page of one dataset or knowledge base in one of its versions. */
export function VersionPage<T extends DataVersion>(props: VersionPageProps<T>) {
  const { noun, listHref, name, version, group, list, experimentHref, onVersion, onUpload, loading, children } = props;
  useTitle(name);
  const chosen = group && chooseVersion(group, version);
  return (
    <Page
      title={name}
      lead={chosen ? chosen.description || "No description." : list.isPending && <Skeleton className="h-5 w-80 max-w-full" />}
      above={
        <Link href={listHref} className="inline-flex items-center gap-1.5 text-xs underline-offset-3 hover:text-ink hover:underline">
          <ArrowLeft aria-hidden="true" className="size-3.5" />
          All {noun}s
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
              <Link href={experimentHref(group, chosen)}>
                <FlaskConical aria-hidden="true" />
                <span>
                  New experiment<span className="hidden sm:inline"> with this {noun}</span>
                </span>
              </Link>
            </Button>
          )}
        </>
      }
    >
      {group ? (
        chosen ? (
          children(chosen, group)
        ) : (
          <Panel>
            <Empty title="No such version" action={<Button onClick={() => onVersion(group.newest)}>Show the newest</Button>}>
              No version of {name} begins with {version}.
            </Empty>
          </Panel>
        )
      ) : list.error ? (
        <Panel>
          <Failure error={list.error} what={`the ${noun}`} onRetry={() => void list.refetch()} />
        </Panel>
      ) : list.isPending ? (
        loading
      ) : (
        <Panel>
          <Empty
            title={`No such ${noun}`}
            action={
              <Button asChild>
                <Link href={listHref}>All {noun}s</Link>
              </Button>
            }
          >
            No {noun} has the name {name}.
          </Empty>
        </Panel>
      )}
    </Page>
  );
}
