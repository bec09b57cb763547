import type { Tone } from "@/components/ui/badge";
import type { Schemas } from "@/lib/api/client";
import { formatDuration } from "@/lib/format";

export type Catalog = Schemas["CatalogOut"];
export type Model = Schemas["ModelOut"];
export type Provider = Schemas["ProviderOut"];
type State = Schemas["ModelCheck"]["state"];

interface CatalogFilter {
  text: string;
  /** Only models that are ready. */
  ready: boolean;
}

export interface ProviderGroup {
  provider: Provider;
  models: Model[];
}

/**
 * The models by provider, in the catalog's order.
 *
 * Without a filter all providers are included, also those without listed models; with a filter, those
 * with a matching model. A text that matches the provider itself matches all its models.
 */
export function groupByProvider(catalog: Catalog, { text, ready }: CatalogFilter): ProviderGroup[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (...parts: string[]) => {
    const all = parts.join(" ").toLowerCase();
    return words.every((word) => all.includes(word));
  };
  return catalog.providers
    .map((provider) => ({
      provider,
      models: catalog.models.filter(
        (model) =>
          model.provider === provider.name &&
          (!ready || model.state === "ready") &&
          matches(model.name, model.description, provider.label, model.api),
      ),
      named: !ready && matches(provider.name, provider.label),
    }))
    .filter(({ models, named }) => models.length > 0 || named)
    .map(({ provider, models }) => ({ provider, models }));
}

/** The number of ready models, and of all. */
export function countReady(models: readonly Model[]): { ready: number; total: number } {
  return { ready: models.filter(({ state }) => state === "ready").length, total: models.length };
}

export const states: Record<State, { label: string; tone: Tone }> = {
  ready: { label: "ready", tone: "good" },
  not_checked: { label: "not checked", tone: "plain" },
  key_missing: { label: "key missing", tone: "warn" },
  address_missing: { label: "address missing", tone: "plain" },
  file_missing: { label: "file missing", tone: "warn" },
  unreachable: { label: "unreachable", tone: "bad" },
};

const UNITS: [number, string][] = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
];

/** A number of weights with three significant digits: `135 M`, `8.03 B`; an unknown one as a dash. */
export function formatParameters(parameters: number | null): string {
  if (parameters === null) return "–";
  const write = (value: number) => new Intl.NumberFormat("en", { maximumSignificantDigits: 3 }).format(value);
  // The unit is chosen after rounding, so that 999.9 M becomes 1 B.
  const rounded = Number(parameters.toPrecision(3));
  const unit = UNITS.find(([size]) => rounded >= size);
  return unit ? `${write(rounded / unit[0])} ${unit[1]}` : write(rounded);
}

/** Prices of a million tokens, in and out: `$0.15 / $0.60`; `$0` if both are free. */
export function formatPrices(usd: Model["usd_per_1m"]): string {
  if (!usd) return "unknown";
  return usd.input === 0 && usd.output === 0 ? "$0" : `${formatPrice(usd.input)} / ${formatPrice(usd.output)}`;
}

function formatPrice(usd: number): string {
  // At least cents, so that prices line up.
  return `$${new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 4 }).format(usd)}`;
}

/** The result of a check, beside the state. */
export function checkedNote({ latency_ms }: Schemas["ModelCheck"]): string {
  return latency_ms === null ? "checked" : `answered in ${formatDuration(latency_ms)}`;
}

/** The message of a model without its name, which is shown above: `Needs a key: set …` */
export function withoutName(message: string, name: string): string {
  const text = message.startsWith(`${name} `) ? message.slice(name.length + 1) : message;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The address of a new experiment with a model. */
export function experimentWith(model: string): string {
  return `/experiments/new/?${new URLSearchParams({ model })}`;
}
