import type { Schemas } from "@/lib/api/client";

/** The value of the option "another model"; no model has this name, as names contain a slash. */
export const OTHER = "other";

interface ModelGroup {
  label: string;
  models: Schemas["ModelOut"][];
}

/** The catalog by provider, in the catalog's order; providers with a ready model first. */
export function groupModels(catalog: Schemas["CatalogOut"] | undefined): ModelGroup[] {
  const groups = new Map<string, ModelGroup>();
  for (const model of catalog?.models ?? []) {
    const group = groups.get(model.provider) ?? { label: model.provider_label, models: [] };
    group.models.push(model);
    groups.set(model.provider, group);
  }
  const ready = ({ models }: ModelGroup) => (models.some(({ state }) => state === "ready") ? 0 : 1);
  return [...groups.values()].sort((a, b) => ready(a) - ready(b));
}

/** The model that is selected at first: the first ready one that is not a mock. */
export function firstReady(catalog: Schemas["CatalogOut"] | undefined): string {
  const ready = (catalog?.models ?? []).filter(({ state }) => state === "ready");
  return (ready.find(({ provider }) => provider !== "mock") ?? ready[0])?.name ?? "";
}

/** The method that the form begins with: a small model on this machine answers in the asked form only after worked examples. */
export function firstMethod(model: string): string {
  return model.startsWith("local/") ? "cot" : "naive";
}
