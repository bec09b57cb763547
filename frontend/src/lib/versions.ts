/** What datasets and knowledge bases have in common: a name, and versions of it that never change. */
export interface VersionLike {
  id: string;
  name: string;
  /** Hash of the content. */
  version: string;
  size: number;
  created_at: string;
}

/** A version with its description. */
export interface DataVersion extends VersionLike {
  description: string;
  licence: string;
  source: string;
}

/** A name with all its versions. */
export interface VersionGroup<T extends VersionLike> {
  name: string;
  newest: T;
  /** The newest first. */
  versions: T[];
}

/** Groups versions by name, in alphabetical order. */
export function groupVersions<T extends VersionLike>(versions: readonly T[]): VersionGroup<T>[] {
  const byName = new Map<string, [T, ...T[]]>();
  const newestFirst = [...versions].sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
  for (const version of newestFirst) {
    const group = byName.get(version.name);
    if (group) group.push(version);
    else byName.set(version.name, [version]);
  }
  return [...byName]
    .map(([name, group]) => ({ name, newest: group[0], versions: group }))
    .sort((a, b) => a.name.localeCompare(b.name, "en"));
}

/** The version whose hash begins with `version`; the newest if it is empty. */
export function chooseVersion<T extends VersionLike>(group: VersionGroup<T>, version: string): T | undefined {
  if (version === "") return group.newest;
  return group.versions.find((each) => each.version.startsWith(version));
}
