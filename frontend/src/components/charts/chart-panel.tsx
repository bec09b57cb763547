"use client";

import { Download } from "lucide-react";
import { type ReactNode, useRef } from "react";
import { toast } from "sonner";

import { Button } from "@/components/ui/button";
import { Menu, MenuItem } from "@/components/ui/menu";
import { Panel } from "@/components/ui/panel";

import { pngBlob, saveBlob, svgText } from "./export-image";

interface ChartPanelProps {
  title: string;
  hint?: ReactNode;
  /** Name of the files, without ending. */
  file: string;
  /** Controls beside the export. */
  actions?: ReactNode;
  /** Holds the chart, one SVG with the role of an image. */
  children: ReactNode;
}

/** A panel with one chart, which can be saved as SVG or PNG. */
export function ChartPanel({ title, hint, file, actions, children }: ChartPanelProps) {
  const body = useRef<HTMLDivElement>(null);
  const save = async (kind: "svg" | "png") => {
    const svg = body.current?.querySelector<SVGSVGElement>("svg[role=img]");
    if (!svg) return;
    try {
      saveBlob(kind === "svg" ? new Blob([svgText(svg)], { type: "image/svg+xml" }) : await pngBlob(svg), `${file}.${kind}`);
    } catch (error) {
      toast.error(error instanceof Error ? error.message : "The chart could not be saved.");
    }
  };
  return (
    <Panel
      title={title}
      hint={hint}
      actions={
        <>
          {actions}
          <Menu
            trigger={
              <Button size="icon-sm" variant="ghost" aria-label={`Save ${title} as an image`}>
                <Download aria-hidden="true" />
              </Button>
            }
          >
            <MenuItem onSelect={() => void save("svg")}>SVG</MenuItem>
            <MenuItem onSelect={() => void save("png")}>PNG</MenuItem>
          </Menu>
        </>
      }
    >
      <div ref={body}>{children}</div>
    </Panel>
  );
}
