import { Badge } from "@/components/ui/badge";
import { Link } from "@/components/ui/link";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import { formatAgo, formatCount, formatDate, plural } from "@/lib/format";
import { useNow } from "@/lib/use-now";
import type { DataVersion, VersionGroup } from "@/lib/versions";

interface VersionTableProps<T extends DataVersion> {
  label: string;
  /** Heads of the columns of the name and of the size. */
  heads: { name: string; size: string };
  groups: VersionGroup<T>[];
  href: (name: string) => string;
  /** A column of short words, such as the scoring of a dataset. */
  badge?: { head: string; of: (newest: T) => string };
}

/** Datasets or knowledge bases as rows: one row per name, with the facts of its newest version. */
export function VersionTable<T extends DataVersion>({ label, heads, groups, href, badge }: VersionTableProps<T>) {
  const now = useNow();
  return (
    <Table aria-label={label}>
      <thead>
        <tr>
          <Th>{heads.name}</Th>
          {badge && <Th className="hidden sm:table-cell">{badge.head}</Th>}
          <Th className="text-right max-sm:pr-4">{heads.size}</Th>
          <Th className="hidden text-right sm:table-cell">Versions</Th>
          <Th className="hidden lg:table-cell">Licence</Th>
          <Th className="hidden text-right sm:table-cell">Added</Th>
        </tr>
      </thead>
      <tbody>
        {groups.map(({ name, newest, versions }) => (
          <Tr key={name} className="hover:bg-line/25">
            <Td className="h-15 w-full max-w-0 py-2">
              <Link href={href(name)} className="block truncate font-medium text-ink underline-offset-3 hover:underline">
                {name}
              </Link>
              <span className="block truncate text-xs">{newest.description || newest.source || "No description"}</span>
              <div className="mt-1.5 flex flex-wrap items-center gap-2 text-xs sm:hidden">
                {badge && <Badge>{badge.of(newest)}</Badge>}
                {[plural(versions.length, "version"), newest.licence, formatAgo(newest.created_at, now)].filter(Boolean).join(" · ")}
              </div>
            </Td>
            {badge && (
              <Td className="hidden sm:table-cell">
                <Badge>{badge.of(newest)}</Badge>
              </Td>
            )}
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
