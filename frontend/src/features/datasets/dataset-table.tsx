import { Badge } from "@/components/ui/badge";
import { Link } from "@/components/ui/link";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import { formatAgo, formatCount, formatDate, plural } from "@/lib/format";
import { useNow } from "@/lib/use-now";

import type { DatasetGroup } from "./prepare";

export function datasetHref(name: string): string {
  return `/datasets/?${new URLSearchParams({ name })}`;
}

/** Datasets as rows, one a name. */
export function DatasetTable({ groups }: { groups: DatasetGroup[] }) {
  const now = useNow();
  return (
    <Table aria-label="Datasets">
      <thead>
        <tr>
          <Th>Dataset</Th>
          <Th className="hidden sm:table-cell">Scoring</Th>
          <Th className="text-right max-sm:pr-4">Questions</Th>
          <Th className="hidden text-right sm:table-cell">Versions</Th>
          <Th className="hidden lg:table-cell">Licence</Th>
          <Th className="hidden text-right sm:table-cell">Added</Th>
        </tr>
      </thead>
      <tbody>
        {groups.map(({ name, newest, versions }) => (
          <Tr key={name} className="hover:bg-line/25">
            <Td className="h-15 w-full max-w-0 py-2">
              <Link href={datasetHref(name)} className="block truncate font-medium text-ink underline-offset-3 hover:underline">
                {name}
              </Link>
              <span className="block truncate text-xs">{newest.description || newest.source || "No description"}</span>
              <div className="mt-1.5 flex flex-wrap items-center gap-2 text-xs sm:hidden">
                <Badge>{newest.scoring}</Badge>
                {[plural(versions.length, "version"), newest.licence, formatAgo(newest.created_at, now)].filter(Boolean).join(" · ")}
              </div>
            </Td>
            <Td className="hidden sm:table-cell">
              <Badge>{newest.scoring}</Badge>
            </Td>
            <Td className="num text-right text-ink max-sm:pr-4">{formatCount(newest.size)}</Td>
            <Td className="num hidden text-right sm:table-cell">{formatCount(versions.length)}</Td>
            <Td className="hidden max-w-48 lg:table-cell">
              <span className="block truncate">{newest.licence || "–"}</span>
            </Td>
            <Td className="hidden text-right whitespace-nowrap sm:table-cell">
              <time dateTime={newest.created_at} title={formatDate(newest.created_at)}>
                {formatAgo(newest.created_at, now)}
              </time>
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}
