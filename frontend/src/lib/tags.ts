export const MAX_TAGS = 20;
export const MAX_TAG_CHARS = 40;

/** The tags in a text, in which commas part them; those that are there already are left out. */
export function tagsIn(text: string, present: readonly string[] = []): string[] {
  const tags = text.split(",").map((tag) => tag.trim().replaceAll(/\s+/g, " ")).filter((tag) => tag !== "" && !present.includes(tag));
  return [...new Set(tags)];
}
