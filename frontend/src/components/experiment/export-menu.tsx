import { Download } from "lucide-react";
import { Fragment } from "react";

import { Button } from "@/components/ui/button";
import { Menu, MenuItem, MenuLabel } from "@/components/ui/menu";
import { type ExportFormat, exportFormats } from "@/lib/api/export";

interface ExportMenuProps {
  size?: "sm";
  busy: boolean;
  onChoose: (format: ExportFormat) => void;
}

/** A button with the formats in which experiments are exported. */
export function ExportMenu({ size, busy, onChoose }: ExportMenuProps) {
  return (
    <Menu
      trigger={
        <Button size={size} disabled={busy}>
          <Download aria-hidden="true" />
          Export
        </Button>
      }
    >
      {exportFormats.map((group) => (
        <Fragment key={group.label}>
          <MenuLabel>{group.label}</MenuLabel>
          {group.formats.map(({ format, label }) => (
            <MenuItem key={format} onSelect={() => onChoose(format)}>
              {label}
            </MenuItem>
          ))}
        </Fragment>
      ))}
    </Menu>
  );
}
