import { useQuery } from "@tanstack/react-query";

import { describedBy, Field, FieldSet, Select } from "@/components/ui/field";
import { datasetQueries } from "@/lib/api/queries";

import { choicesOf, type Mapping, withColumn } from "./mapping";

interface ColumnMappingProps {
  file: File;
  mapping: Mapping;
  error: string | undefined;
  onChange: (mapping: Mapping) => void;
}

/** Which column of the chosen file is the question, which the answer: a guess, which can be changed. */
export function ColumnMapping({ file, mapping, error, onChange }: ColumnMappingProps) {
  const found = useQuery(datasetQueries.columns(file));
  if (!found.data || found.data.published || found.data.columns.length === 0) return null;
  const { data } = found;
  return (
    <FieldSet id="dataset-columns" label="Columns" error={error}>
      <div className="grid w-full grid-cols-1 gap-3 sm:grid-cols-2">
        {choicesOf(data, mapping).map(({ field, label, column, sample, required }) => {
          const id = `column-${label.toLowerCase()}`;
          const missing = required && column === "" ? "Choose a column." : undefined;
          const hint = sample && <span className="block truncate" title={sample}>{sample}</span>;
          return (
            <Field key={label} label={label} htmlFor={id} error={missing} hint={hint}>
              <Select
                {...describedBy(id, missing, hint)}
                value={column}
                onChange={(event) => onChange(withColumn(data, mapping, field, event.target.value))}
              >
                <option value="">{required ? "Choose a column" : "None"}</option>
                {data.columns.map(({ name }) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </Select>
            </Field>
          );
        })}
      </div>
    </FieldSet>
  );
}
