import type { Schemas } from "@/lib/api/client";
import { Select } from "@/components/ui/field";
import { Table, Td, Th, Tr } from "@/components/ui/table";

import { type ColumnRoles, type Role, roleOf, roles, withRole } from "./answer-columns";

interface AnswerColumnsProps {
  file: Schemas["ColumnsOut"];
  chosen: ColumnRoles;
  onChange: (chosen: ColumnRoles) => void;
}

/** What each column of a plain file of answers holds: a guess, which can be changed. */
export function AnswerColumns({ file, chosen, onChange }: AnswerColumnsProps) {
  return (
    <div className="max-h-72 overflow-y-auto rounded-md border">
      <Table aria-label="Columns of the file">
        <thead>
          <tr>
            <Th>Column</Th>
            <Th>First values</Th>
            <Th>Holds</Th>
          </tr>
        </thead>
        <tbody>
          {file.columns.map(({ name, values }) => (
            <Tr key={name}>
              <Td className="max-w-32 truncate font-medium text-ink" title={name}>
                <bdi>{name}</bdi>
              </Td>
              <Td className="max-w-40 truncate text-xs" title={values.join(" · ")}>
                <bdi>{values.join(" · ")}</bdi>
              </Td>
              <Td className="py-1">
                <Select
                  aria-label={`What ${name} holds`}
                  className="h-8"
                  value={roleOf(file, chosen, name)}
                  onChange={(event) => onChange(withRole(file, chosen, name, event.target.value as Role))}
                >
                  {roles.map(({ role, label }) => (
                    <option key={role} value={role}>
                      {label}
                    </option>
                  ))}
                </Select>
              </Td>
            </Tr>
          ))}
        </tbody>
      </Table>
    </div>
  );
}
