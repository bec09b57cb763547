import type { UseQueryResult } from "@tanstack/react-query";
import { Upload } from "lucide-react";
import type { ReactNode } from "react";

import { Page } from "@/components/layout/page";
import { Button } from "@/components/ui/button";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";

const SKELETONS = 4;

interface ListPageProps {
  title: string;
  lead: string;
  /** `dataset`, `knowledge base`: what the list holds. */
  noun: string;
  /** What is shown when there is none: what files one is made of. */
  empty: string;
  list: UseQueryResult<unknown[]>;
  onUpload: () => void;
  /** The table. */
  children: ReactNode;
}

/** The page of all datasets or of all knowledge bases. */
export function ListPage({ title, lead, noun, empty, list, onUpload, children }: ListPageProps) {
  return (
    <Page
      title={title}
      lead={lead}
      actions={
        <Button variant="primary" onClick={onUpload}>
          <Upload aria-hidden="true" />
          Upload a {noun}
        </Button>
      }
    >
      <Panel flush>
        {list.data ? (
          list.data.length > 0 ? (
            children
          ) : (
            <Empty
              title={`No ${noun}s yet`}
              action={
                <Button variant="primary" onClick={onUpload}>
                  Upload the first one
                </Button>
              }
            >
              {empty}
            </Empty>
          )
        ) : list.error ? (
          <Failure error={list.error} what={`the ${noun}s`} onRetry={() => void list.refetch()} />
        ) : (
          <SkeletonRows rows={SKELETONS} className="h-15" />
        )}
      </Panel>
    </Page>
  );
}
