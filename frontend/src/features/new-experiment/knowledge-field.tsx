"use client";

import { useQuery } from "@tanstack/react-query";

import { describedBy, Field, Select } from "@/components/ui/field";
import { knowledgeQueries } from "@/lib/api/knowledge";
import { formatDate, plural } from "@/lib/format";

interface KnowledgeFieldProps {
  name: string;
  version: string;
  errors: { name: string | undefined; version: string | undefined };
  onName: (name: string) => void;
  onVersion: (version: string | undefined) => void;
}

/** A knowledge base and, where there are several, its version. */
export function KnowledgeField({ name, version, errors, onName, onVersion }: KnowledgeFieldProps) {
  const { data = [] } = useQuery(knowledgeQueries.list());
  const names = [...new Set(data.map((base) => base.name))];
  const versions = data.filter((base) => base.name === name);
  const newest = versions[0];
  const hint = newest && plural((versions.find((one) => one.version === version) ?? newest).size, "article");
  return (
    <>
      <Field label="Knowledge base" htmlFor="field-method.knowledge_base" error={errors.name} hint={hint}>
        <Select {...describedBy("field-method.knowledge_base", errors.name, hint)} value={name} onChange={(event) => onName(event.target.value)}>
          {!names.includes(name) && <option value={name}>{name || "Choose a knowledge base"}</option>}
          {names.map((option) => (
            <option key={option}>{option}</option>
          ))}
        </Select>
      </Field>
      <Field label="Version of the knowledge base" htmlFor="field-method.version" error={errors.version}>
        <Select
          {...describedBy("field-method.version", errors.version)}
          value={version}
          onChange={(event) => onVersion(event.target.value || undefined)}
        >
          <option value="">Newest{newest ? ` (${newest.version.slice(0, 8)})` : ""}</option>
          {version !== "" && !versions.some((one) => one.version === version) && <option>{version}</option>}
          {versions.map((base) => (
            <option key={base.version} value={base.version}>
              {base.version.slice(0, 8)}, {formatDate(base.created_at)}
            </option>
          ))}
        </Select>
      </Field>
    </>
  );
}
