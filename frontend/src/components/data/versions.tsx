import { Badge } from "@/components/ui/badge";
import { Panel } from "@/components/ui/panel";
import { formatDate, plural } from "@/lib/format";
import { cn } from "@/lib/utils";
import type { VersionLike } from "@/lib/versions";

interface VersionsProps<T extends VersionLike> {
  /** The newest first. */
  versions: T[];
  chosen: T | undefined;
  /** What a version has `size` of. */
  unit: string;
  onChoose: (version: T) => void;
}

/** The versions of a dataset or a knowledge base, to choose the one that is shown. */
export function Versions<T extends VersionLike>({ versions, chosen, unit, onChoose }: VersionsProps<T>) {
  return (
    <Panel title="Versions" hint="Changed content is a new version. Results stay with the version they were measured on." flush>
      <ul className="max-h-72 divide-y overflow-y-auto">
        {versions.map((version, index) => {
          const here = version.version === chosen?.version;
          return (
            <li key={version.id}>
              <button
                type="button"
                aria-pressed={here}
                onClick={() => onChoose(version)}
                className={cn(
                  "flex w-full items-center gap-3 px-4 py-2.5 text-left transition-colors hover:bg-line/25 focus-visible:-outline-offset-2",
                  here && "bg-line/40",
                )}
              >
                <span className="min-w-0 flex-1">
                  <span className={cn("block truncate font-mono text-xs", here && "text-ink")}>{version.version}</span>
                  <span className="block text-xs">
                    {plural(version.size, unit)} · <time className="whitespace-nowrap" dateTime={version.created_at}>{formatDate(version.created_at)}</time>
                  </span>
                </span>
                {index === 0 && <Badge>newest</Badge>}
                {here && <Badge tone="info">shown</Badge>}
              </button>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
