"use client";

import { parseAsArrayOf, parseAsString, parseAsStringLiteral, useQueryState } from "nuqs";
import { useState } from "react";

import { Page } from "@/components/layout/page";
import { LabelsPanel } from "@/components/run/labels-panel";
import { Field, Input } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import { Segmented } from "@/components/ui/segmented";
import { Empty } from "@/components/ui/state";
import { plural } from "@/lib/format";
import { store, stored } from "@/lib/storage";

import { LabelQueue } from "./label-queue";

const NAME = "llmforge.labeller";
const ORDERS = ["random", "doubtful"] as const;

/** The page that asks people whether answers are right; ids of experiments are in the address (`?ids=a,b`). */
export function Label() {
  const [ids] = useQueryState("ids", parseAsArrayOf(parseAsString).withDefault([]));
  const [order, setOrder] = useQueryState("order", parseAsStringLiteral(ORDERS).withDefault("random"));
  const [labeller, setLabeller] = useState(() => (typeof window === "undefined" ? "" : (stored(NAME) ?? "")));
  const name = labeller.trim();
  return (
    <Page title="Label answers" lead="Is the answer right? Neither the experiment nor its scores are shown, so that they do not sway you.">
      {ids.length === 0 ? (
        <Panel flush>
          <Empty title="No experiment is chosen">Open this page from an experiment or a comparison.</Empty>
        </Panel>
      ) : (
        <>
          <Panel>
            <div className="flex flex-wrap items-end gap-x-6 gap-y-3">
              <Field label="Your name" htmlFor="labeller" className="w-56">
                <Input
                  id="labeller"
                  value={labeller}
                  maxLength={60}
                  placeholder="such as Ada"
                  onChange={(event) => {
                    setLabeller(event.target.value);
                    store(NAME, event.target.value.trim() || null);
                  }}
                />
              </Field>
              <Segmented
                label="Order"
                value={order}
                onChange={(next) => void setOrder(next)}
                options={[
                  { value: "random", label: "Random" },
                  { value: "doubtful", label: "Doubtful first" },
                ]}
              />
              <p className="max-w-xl flex-1 basis-80 text-xs">
                {order === "random"
                  ? `Answers of ${plural(ids.length, "experiment")} in random order, the same for everybody: what estimates of accuracy need.`
                  : "Answers on which scores or experiments differ come first. They show faults; estimates need the random order."}
              </p>
            </div>
          </Panel>
          {name === "" ? (
            <Panel flush>
              <Empty title="Who are you?">A name tells your labels from those of others.</Empty>
            </Panel>
          ) : (
            <LabelQueue key={`${name} ${order}`} ids={ids} labeller={name} order={order} />
          )}
          <LabelsPanel ids={ids} />
        </>
      )}
    </Page>
  );
}
