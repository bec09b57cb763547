"use client";

import { useQuery } from "@tanstack/react-query";

import { describedBy, Field, Select } from "@/components/ui/field";
import { knowledgeQueries } from "@/lib/api/knowledge";
import { datasetQueries } from "@/lib/api/queries";
import { formatDate, plural } from "@/lib/format";
import type { VersionLike } from "@/lib/versions";

interface FieldProps {
  name: string;
  version: string;
  errors: { name: string | undefined; version: string | undefined };
  onName: (name: string) => void;
  onVersion: (version: string | undefined) => void;
}

/** A dataset and one of its versions. */
export function DatasetField(props: FieldProps) {
  const { data = [] } = useQuery(datasetQueries.list());
  return (
    <VersionFields
      labels={{ name: "Dataset", version: "Version", choose: "Choose a dataset" }}
      paths={{ name: "dataset.name", version: "dataset.version" }}
      options={data}
      describe={({ size, scoring }) => `${plural(size, "question")}, scored as ${scoring}`}
      {...props}
    />
  );
}

/** A knowledge base and one of its versions. */
export function KnowledgeField(props: FieldProps) {
  const { data = [] } = useQuery(knowledgeQueries.list());
  return (
    <VersionFields
      labels={{ name: "Knowledge base", version: "Version of the knowledge base", choose: "Choose a knowledge base" }}
      paths={{ name: "method.knowledge_base", version: "method.version" }}
      options={data}
      describe={({ size }) => plural(size, "article")}
      {...props}
    />
  );
}

interface VersionFieldsProps<T extends VersionLike> extends FieldProps {
  labels: { name: string; version: string; choose: string };
  /** Where both are in the configuration. */
  paths: { name: string; version: string };
  /** All versions of all names; of each name the newest comes first. */
  options: T[];
  /** The hint below the name. */
  describe: (version: T) => string;
}

function VersionFields<T extends VersionLike>({ labels, paths, options, describe, name, version, errors, onName, onVersion }: VersionFieldsProps<T>) {
  const names = [...new Set(options.map((option) => option.name))];
  const versions = options.filter((option) => option.name === name);
  const newest = versions[0];
  const hint = newest && describe(versions.find((one) => one.version === version) ?? newest);
  const ids = { name: `field-${paths.name}`, version: `field-${paths.version}` };
  return (
    <>
      <Field label={labels.name} htmlFor={ids.name} error={errors.name} hint={hint}>
        <Select {...describedBy(ids.name, errors.name, hint)} value={name} onChange={(event) => onName(event.target.value)}>
          {!names.includes(name) && <option value={name}>{name || labels.choose}</option>}
          {names.map((option) => (
            <option key={option}>{option}</option>
          ))}
        </Select>
      </Field>
      {(versions.length > 1 || version !== "" || errors.version) && (
      <Field label={labels.version} htmlFor={ids.version} error={errors.version}>
        <Select {...describedBy(ids.version, errors.version)} value={version} onChange={(event) => onVersion(event.target.value || undefined)}>
          <option value="">Newest{newest ? ` (${newest.version.slice(0, 8)})` : ""}</option>
          {version !== "" && !versions.some((one) => one.version === version) && <option>{version}</option>}
          {versions.map((one) => (
            <option key={one.version} value={one.version}>
              {one.version.slice(0, 8)}, {formatDate(one.created_at)}
            </option>
          ))}
        </Select>
      </Field>
      )}
    </>
  );
}
