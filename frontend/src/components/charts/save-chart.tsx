"use client";

import { Download } from "lucide-react";
import { type RefObject } from "react";
import { toast } from "sonner";

import { Button } from "@/components/ui/button";
import { Menu, MenuItem } from "@/components/ui/menu";

import { pngBlob, saveBlob, svgText } from "./export-image";

interface SaveChartProps {
  title: string;
  /** Name of the files, without ending. */
  file: string;
  /** Holds the charts, each an SVG with the role of an image. */
  body?: RefObject<HTMLElement | null>;
  /** Makes the charts, where they are not in the page as SVG; called when they are saved. */
  make?: () => { charts: SVGSVGElement[]; done: () => void };
}

/** Saves charts as one SVG or PNG file. */
export function SaveChart({ title, file, body, make }: SaveChartProps) {
  const save = async (kind: "svg" | "png") => {
    const made = make?.();
    const charts = made?.charts ?? [...(body?.current?.querySelectorAll<SVGSVGElement>("svg[role=img]") ?? [])];
    if (charts.length === 0) return;
    try {
      saveBlob(kind === "svg" ? new Blob([svgText(charts)], { type: "image/svg+xml" }) : await pngBlob(charts), `${file}.${kind}`);
    } catch (error) {
      toast.error(error instanceof Error ? error.message : "The chart could not be saved.");
    } finally {
      made?.done();
    }
  };
  return (
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
  );
}
