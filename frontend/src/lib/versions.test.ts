import { describe, expect, it } from "vitest";

import { chooseVersion, groupVersions, type VersionLike } from "./versions";

function version(name: string, hash: string, createdAt: string): VersionLike {
  return { id: `${name}-${hash}`, name, version: hash, size: 3, created_at: createdAt };
}

const versions = [
  version("zoo", "aa11", "2026-01-01T00:00:00Z"),
  version("art", "bb22", "2026-01-01T00:00:00Z"),
  version("art", "cc33", "2026-03-01T00:00:00Z"),
  version("art", "dd44", "2026-02-01T00:00:00Z"),
];

function art() {
  const [first] = groupVersions(versions);
  if (!first) throw new Error("no groups");
  return first;
}

describe("groupVersions", () => {
  it("groups versions by name, the newest first, names in alphabetical order", () => {
    expect(groupVersions(versions).map(({ name }) => name)).toEqual(["art", "zoo"]);
    expect(art().versions.map((each) => each.version)).toEqual(["cc33", "dd44", "bb22"]);
    expect(art().newest.version).toBe("cc33");
  });
  it("has no groups without versions", () => expect(groupVersions([])).toEqual([]));
});

describe("chooseVersion", () => {
  it("is the newest, unless a hash or the beginning of one is given", () => {
    expect(chooseVersion(art(), "")?.version).toBe("cc33");
    expect(chooseVersion(art(), "bb")?.version).toBe("bb22");
    expect(chooseVersion(art(), "ff")).toBeUndefined();
  });
});
