"use client";

import { type ReactNode, useRef } from "react";

import { Panel } from "@/components/ui/panel";

import { SaveChart } from "./save-chart";

interface ChartPanelProps {
  title: string;
  hint?: ReactNode;
  /** Name of the files, without ending. */
  file: string;
  /** Controls beside the export. */
  actions?: ReactNode;
  /** Holds the charts, each an SVG with the role of an image. */
  children: ReactNode;
  flush?: boolean;
}

/** A panel with charts, which can be saved as one SVG or PNG file. */
export function ChartPanel({ title, hint, file, actions, children, flush }: ChartPanelProps) {
  const body = useRef<HTMLDivElement>(null);
  return (
    <Panel
      title={title}
      hint={hint}
      flush={flush}
      actions={
        <>
          {actions}
          <SaveChart title={title} file={file} body={body} />
        </>
      }
    >
      <div ref={body}>{children}</div>
    </Panel>
  );
}
