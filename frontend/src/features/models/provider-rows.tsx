import type { ReactNode } from "react";

import { Badge } from "@/components/ui/badge";

import { ModelRow } from "./model-row";
import { type Provider, type ProviderGroup, states } from "./prepare";

/** A provider with its settings, and its models. */
export function ProviderRows({ group: { provider, models } }: { group: ProviderGroup }) {
  return (
    <tbody className="border-b last:border-b-0 max-lg:block">
      <tr className="border-b bg-line/25 last:border-b-0 max-lg:block">
        <th scope="rowgroup" colSpan={6} className="px-4 py-2.5 text-left font-normal max-lg:block">
          <span className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
            <span className="flex items-baseline gap-2 font-serif text-lg leading-6 text-ink">
              {provider.label}
              {models.length === 0 && <Badge tone={states[provider.state].tone}>{states[provider.state].label}</Badge>}
            </span>
            <span className="text-xs leading-5">
              <Needs provider={provider} listed={models.length > 0} />
            </span>
          </span>
        </th>
      </tr>
      {models.map((model) => (
        <ModelRow key={model.name} model={model} />
      ))}
    </tbody>
  );
}

function Needs({ provider, listed }: { provider: Provider; listed: boolean }) {
  const parts: [key: string, text: ReactNode][] = [
    ["key", provider.api_key_env ? <>Key from {code(provider.api_key_env)}</> : "No key needed"],
  ];
  if (provider.base_url_env) parts.push(["address", <>address from {code(provider.base_url_env)}</>]);
  if (provider.open) {
    parts.push(["open", <>{listed ? "unlisted models by name:" : "models by name:"} {code(`${provider.name}/anything`)}</>]);
  }
  return parts.map(([key, text], index) => (
    <span key={key}>
      {index > 0 && " · "}
      {text}
    </span>
  ));
}

function code(text: string) {
  return <code className="rounded-sm bg-line/60 px-1 py-px font-mono whitespace-nowrap text-ink">{text}</code>;
}
