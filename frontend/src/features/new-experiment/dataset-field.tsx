"use client";

import { useQuery } from "@tanstack/react-query";

import { describedBy, Field, Select } from "@/components/ui/field";
import { datasetQueries } from "@/lib/api/queries";
import { formatDate, plural } from "@/lib/format";

interface DatasetFieldProps {
  name: string;
  version: string;
  errors: { name: string | undefined; version: string | undefined };
  onName: (name: string) => void;
  onVersion: (version: string | undefined) => void;
}

/** A dataset and, where there are several, its version. */
export function DatasetField({ name, version, errors, onName, onVersion }: DatasetFieldProps) {
  const { data = [] } = useQuery(datasetQueries.list());
  const names = [...new Set(data.map((dataset) => dataset.name))];
  const versions = data.filter((dataset) => dataset.name === name);
  const newest = versions[0];
  const hint = newest && `${plural((versions.find((v) => v.version === version) ?? newest).size, "question")}, scored as ${newest.scoring}`;
  return (
    <>
      <Field label="Dataset" htmlFor="field-dataset.name" error={errors.name} hint={hint}>
        <Select {...describedBy("field-dataset.name", errors.name, hint)} value={name} onChange={(event) => onName(event.target.value)}>
          {!names.includes(name) && <option value={name}>{name || "Choose a dataset"}</option>}
          {names.map((option) => (
            <option key={option}>{option}</option>
          ))}
        </Select>
      </Field>
      <Field label="Version" htmlFor="field-dataset.version" error={errors.version}>
        <Select
          {...describedBy("field-dataset.version", errors.version)}
          value={version}
          onChange={(event) => onVersion(event.target.value || undefined)}
        >
          <option value="">Newest{newest ? ` (${newest.version.slice(0, 8)})` : ""}</option>
          {version !== "" && !versions.some((v) => v.version === version) && <option>{version}</option>}
          {versions.map((dataset) => (
            <option key={dataset.version} value={dataset.version}>
              {dataset.version.slice(0, 8)}, {formatDate(dataset.created_at)}
            </option>
          ))}
        </Select>
      </Field>
    </>
  );
}
