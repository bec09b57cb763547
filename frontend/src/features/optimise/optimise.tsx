"use client";

import { parseAsString, useQueryState } from "nuqs";

import { MatrixList } from "./matrix-list";
import { MatrixView } from "./matrix-view";

/** All optimisation matrices, or the one whose id is in the address. */
export function Optimise() {
  const [id] = useQueryState("id", parseAsString.withDefault("").withOptions({ history: "push" }));
  return id ? <MatrixView key={id} id={id} /> : <MatrixList />;
}
